"""A synthetic study one can look at: images, crops, code and words in every turn, and a text that attacks the page."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np
from explored_study import explorer_tables
from PIL import Image, ImageDraw
from speceyes.analysis.settings import StatisticsSettings
from speceyes.pages.explorer.sources import StudyTables
from speceyes.records.media import MediaStore
from speceyes.records.samples import Sample, read_samples
from speceyes.records.tables import read_provenance, read_table, write_table
from speceyes.records.types import AgentRecord, DraftRecord, ToolUse, Turn
from synthetic_records import COLOURS, hash_of
from synthetic_study import BATCH, SyntheticStudy
from synthetic_tables import write_measures

ATTACK = '<img src=x onerror="document.title=\'owned\'"></script><script>document.title="owned"</script>'
ZOOM = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [10, 20, 90, 80]}}</tool_call>'
CODE = 'from PIL import Image\nimage = Image.open(image_path)\nimage.crop((0, 0, 64, 64)).save("crop.png")'
SIDE = 256  # of the stored images; boxes refer to the samples' own size


def illustrate(study: SyntheticStudy) -> Path:
    """Draw the images and put pictures and words into the stored passes; answers and times stay as they are.

    Returns:
        The media folder.
    """
    media = MediaStore(study.root / "media")
    for where in study.splits:
        samples = read_samples(study.samples(*where))
        (study.root / "images").mkdir(exist_ok=True)
        shown_in = {sample.sample_id: sample.image_id for sample in samples}
        for sample in samples:
            _draw(sample, study.root / "images" / sample.image)
        for wording in study.wordings:
            path, _ = study.table("draft", *where, wording=wording, batch=BATCH)
            worded = [_worded(draft) for draft in read_table(path, DraftRecord)]
            write_table(path, DraftRecord, worded, read_provenance(path))
        for agent in study.agents:
            for path in study.passes(agent, *where).agents:
                episodes = list(read_table(path, AgentRecord))
                shown = [_shown(episode, agent, shown_in[episode.sample_id], media) for episode in episodes]
                write_table(path, AgentRecord, shown, read_provenance(path))
    return media.folder


def _draw(sample: Sample, path: Path) -> None:
    if path.exists():
        return
    colours = [COLOURS[(hash_of(sample.image_id) + step) % 4] for step in range(3)]
    image = _texture(SIDE, SIDE, hash_of(sample.image_id))
    pen = ImageDraw.Draw(image)
    for step, colour in enumerate(colours):
        left, top = 24 + 72 * step, 32 + hash_of(f"{sample.image_id}{step}") % 144
        pen.rectangle((left, top, left + 48, top + 48), fill=colour, outline="black")
    image.save(path, compress_level=0)


def _texture(width: int, height: int, seed: int) -> Image.Image:
    """Something that costs a compressor about as much as a photograph."""
    coarse = np.random.default_rng(seed).integers(90, 230, (height // 3, width // 3, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def _worded(draft: DraftRecord) -> DraftRecord:
    """The tokens as pieces of the answer's text."""
    count = len(draft.tokens)
    width = -(-len(draft.text) // max(1, count))
    pieces = [draft.text[start : start + width] for start in range(0, len(draft.text), max(1, width))]
    return draft.model_copy(update={"tokens": tuple([*pieces, *[" "] * count][:count])})


def _shown(episode: AgentRecord, agent: str, image_id: str, media: MediaStore) -> AgentRecord:
    """Every tool call of one agent on one image gives the same crop."""
    tool = _tool(agent, image_id, media) if episode.tool_calls else None
    turns = tuple(
        turn.model_copy(update={"text": _text(turn, episode, agent), "tool": turn.tool and tool})
        for turn in episode.turns
    )
    return episode.model_copy(update={"turns": turns})


def _text(turn: Turn, episode: AgentRecord, agent: str) -> str:
    if turn.tool is None:
        return f"<think>I see it now. {ATTACK}</think><answer>{episode.answer}</answer>"
    call = ZOOM if agent == "deepeyes" else f"<code>\n```python\n{CODE}\n```\n</code>"
    return f"<think>The dot is small; I look closer.</think>{call}"


@functools.cache
def _tool(agent: str, image_id: str, media: MediaStore) -> ToolUse:
    seed = int(hashlib.sha256(f"{agent}{image_id}".encode()).hexdigest()[:8], 16)
    crop = _texture(96, 72, seed)
    ImageDraw.Draw(crop).ellipse((10 + seed % 30, 10, 60, 60), fill=COLOURS[seed % 4])
    if agent == "thyme":
        if seed % 5 == 0:
            return ToolUse(name="code", arguments=CODE, status="failed", detail=f"NameError: {ATTACK}", latency_s=0.01)
        return ToolUse(
            name="code",
            arguments=CODE,
            status="ok",
            output="/mnt/data/crop.png",
            images=(media.keep(crop),),
            latency_s=0.01,
        )
    left, top = 40 + seed % 500, 60 + seed % 400
    box = (left, top, left + 260, top + 200)
    return ToolUse(
        name="image_zoom_in_tool", arguments="{}", status="ok", box=box, images=(media.keep(crop),), latency_s=0.01
    )


def write_illustrated(folder: Path) -> StudyTables:
    """A whole illustrated study with the tables that its explorer reads."""
    study = SyntheticStudy(folder / "passes", own_words=("thyme",)).write()
    media = illustrate(study)
    write_measures(study, folder / "tables", StatisticsSettings(resamples=100))
    return explorer_tables(study, folder / "tables", study.root / "images", media)
