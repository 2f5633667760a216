"""A picture of the miniature: questions, targets and answers side by side, to be looked at.

``python -m speceyes contact-sheet`` draws one plain and one tiny target of every kind of
question: the original with the target's box and what the agents looked at, the draft's view, a zoom,
and what each model said.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from speceyes.analysis.names import agent_name
from speceyes.evaluation.marking import TOP_K, Marker
from speceyes.evaluation.trial import Trial
from speceyes.figures.style import AGENT_COLOURS, RIGHT, STYLE, WRONG
from speceyes.images import fit, open_image
from speceyes.method.confidence import confidence
from speceyes.miniature.generate import Sizes
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, Box, DraftRecord

SEED = 72
SIZES = Sizes(vstar_direct=2, vstar_relative=2, hrbench_questions=2, pope_images=2, plain=0.5)
SPLITS = ("vstar/direct_attributes", "vstar/relative_position", "hrbench/8k", "pope/adversarial")
AGENTS = ("deepeyes", "thyme")
TARGET = "#FFFFFF"
LAYOUT = [["original", "view"], ["original", "zoom"], ["words", "words"]]
SHOWN = 240  # pixels of a picture on the sheet
LINE = 50  # characters
COLOURS = 256  # of the file's palette


class Sheet:
    """A trial's records, ready to be drawn."""

    def __init__(self, trial: Trial) -> None:
        trial.prepare()
        self.trial = trial
        self.marker = Marker(trial)
        self.samples = {sample.sample_id: sample for sample in trial.samples()}
        self.drafts: dict[str, DraftRecord] = {record.sample_id: record for record in trial.drafts()}
        self.agents: dict[str, dict[str, AgentRecord]] = {
            name: {record.sample_id: record for record in trial.episodes(name)} for name in AGENTS
        }

    def chosen(self) -> list[str]:
        """The first plain and the first tiny question of each split, plain ones first."""
        return [
            next(
                sample_id
                for sample_id in self.samples
                if sample_id.startswith(split) and (sample_id in self.marker.hard) == hard
            )
            for hard in (False, True)
            for split in SPLITS
        ]

    def draw(self, path: Path) -> None:
        """Write the sheet as a PNG with few colours, so that it stays small."""
        columns = len(SPLITS)
        with mpl.rc_context(STYLE):  # type: ignore[arg-type]
            figure = Figure(figsize=(3.3 * columns, 3.5 * 2))
            parts = figure.subfigures(2, columns, squeeze=False)
            for part, sample_id in zip(parts.flat, self.chosen(), strict=True):
                axes = part.subplot_mosaic(LAYOUT, width_ratios=(2, 1), height_ratios=(1, 1, 1.2))
                self._tile(axes, self.samples[sample_id])
            figure.savefig(path, dpi=110)
        with Image.open(path) as image:
            few = image.convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)

    def _tile(self, axes: dict[str, Axes], sample: Sample) -> None:
        """One question."""
        original = open_image(self.trial.images / sample.image)
        target = self.marker.targets[sample.sample_id]
        view = self.trial.config.models[self.trial.config.draft.model].engine.image
        pictures = {"original": original, "view": fit(original, view), "zoom": original.crop(target)}
        for name, picture in pictures.items():
            _show(axes[name], picture)
        scale = SHOWN / original.width
        _frame(axes["original"], target, scale, TARGET, 5.0)
        for name, colour in zip(AGENTS, AGENT_COLOURS, strict=False):
            for turn in self.agents[name][sample.sample_id].turns:
                for box in self.marker.boxes(sample.sample_id, turn.tool):
                    _frame(axes["original"], box, scale, colour, 2.5 if name == AGENTS[0] else 1.0)
        difficulty = "tiny" if sample.sample_id in self.marker.hard else "plain"
        axes["original"].set_title(f"{sample.sample_id}  ({difficulty})", loc="left")
        axes["view"].set_title("draft's view")
        axes["zoom"].set_title("target box")
        self._words(axes["words"], sample)

    def _words(self, axes: Axes, sample: Sample) -> None:
        """Question, options, gold, and the models' answers: blue when right."""
        axes.axis("off")
        options = "   ".join(sample.lettered_options)
        draft = self.drafts[sample.sample_id]
        sure = confidence(draft.top_logprobs, "min", TOP_K)
        lines = [(sample.question, "black"), (options or "yes / no", "black"), (f"gold: {sample.gold}", "black")]
        lines.append((f"draft, confidence {sure:.3f}: {draft.text}", self._colour(sample, draft.text)))
        for name in AGENTS:
            record = self.agents[name][sample.sample_id]
            looks = f"{record.tool_calls} look{'s' if record.tool_calls > 1 else ''}"
            looked = f" after {looks}" if record.tool_calls else ""
            said = f"{agent_name(name)}{looked}: {record.answer}"
            lines.append((said, self._colour(sample, record.answer)))
        y = 0.98
        for text, colour in lines:
            wrapped = textwrap.wrap(text, LINE)
            axes.text(0, y, "\n".join(wrapped), va="top", color=colour, transform=axes.transAxes)
            y -= 0.115 * len(wrapped) + 0.035

    def _colour(self, sample: Sample, answer: str) -> str:
        return RIGHT if self.marker.right(sample.sample_id, answer) else WRONG


def _show(axes: Axes, picture: Image.Image) -> None:
    axes.imshow(picture.resize((SHOWN, SHOWN), Image.Resampling.BICUBIC), interpolation="none")
    axes.set_axis_off()


def _frame(axes: Axes, box: Box, scale: float, colour: str, width: float) -> None:
    left, top, right, bottom = (scale * value for value in box)
    corner, size = (left, top), (right - left, bottom - top)
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=colour, linewidth=width))
