"""The GPU memory that each stage's jobs will need, at their largest batch of their largest pictures.

Counted are weights, the key-value cache, the pictures' patches, and the widest layer's activations, of the vision tower
or of the language model, whichever are more: both run over a whole batch of prompts at once. Agents' crops and what
the allocator loses come on top: a card should have a tenth to spare.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from speceyes.documents import DocumentError
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.shape import BYTES, Shape, read_shape
from speceyes.images import fitted_size
from speceyes.records.passes import MODEL_STAGES, Pass
from speceyes.study.config.models import ModelConfig
from speceyes.study.downloads import Downloads
from speceyes.study.plan import Plan
from speceyes.study.study import Study

GB = 1e9
PROMPT_TOKENS = 500  # of text, with what is generated
FLOAT32 = 4  # pictures come to the device in it
RUNTIME = 1.0  # gigabytes of CUDA's context and libraries
CARDS = (12, 16, 24, 32, 40, 48, 80, 96, 141, 192)  # gigabytes of the cards that are sold


class MemoryNeed(NamedTuple):
    """What one job holds at its worst moment, in gigabytes; a model that is spread over GPUs counts as a whole."""

    weights: float
    cache: float
    pictures: float
    activations: float

    @property
    def total(self) -> float:
        """All of it, with what CUDA itself takes."""
        return sum(self) + RUNTIME


class PlannedMemory(NamedTuple):
    """A stage's jobs of one agent, where their need is largest; without one, ``unknown`` says which model is."""

    stage: str
    agent: str
    where: str
    prompts: int
    gpus: int
    need: MemoryNeed | None
    unknown: str = ""


class AskedModel(NamedTuple):
    """One model of a job, with the prompts that it answers at once."""

    shape: Shape
    engine: TransformersSettings
    prompts: int


def planned_memory(study: Study) -> list[PlannedMemory]:
    """The need of every stage that loads models onto GPUs, agent by agent."""
    plan, shapes = Plan(study), _shapes(study)
    picture = cache(partial(_largest_picture, study))  # a split has many passes
    found = []
    for stage in MODEL_STAGES:
        for agent in dict.fromkeys(one.agent or "" for one in plan.select(stage)):
            models = [model for model in study.models(stage, agent).values() if _on_own_gpus(model)]
            passes = [one for one in plan.select(stage) if (one.agent or "") == agent]
            if unknown := [model.source or model.path for model in models if shapes[model.path] is None]:
                found.append(PlannedMemory(stage, agent, "", 0, study.gpus(stage, agent), None, unknown[0]))
            elif models:
                planned = [
                    _planned(study, one, [*_asked(study, one, models, shapes)], picture(one.benchmark, one.split))
                    for one in passes
                ]
                found.append(max(planned, key=lambda one: one.need.total if one.need else 0.0))
    return found


def _on_own_gpus(model: ModelConfig) -> bool:
    """Whether the job itself loads the model onto its GPUs; how a server fills its own is its affair."""
    return isinstance(model.engine, TransformersSettings) and model.engine.uses_gpus and model.gpus > 0


def _shapes(study: Study) -> dict[str, Shape | None]:
    """Shapes by models' folders: of those that are there by their own configuration, else as registered."""
    downloads = Downloads(study)
    registered = {model.path: downloads.model(name).entry.shape for name, model in downloads.models.items()}
    found: dict[str, Shape | None] = {}
    for model in study.config.models.values():
        try:
            found[model.path] = read_shape(Path(model.path))
        except DocumentError:
            found[model.path] = registered.get(model.path)
    return found


def _asked(
    study: Study, one: Pass, models: Sequence[ModelConfig], shapes: Mapping[str, Shape | None]
) -> Iterator[AskedModel]:
    """A pass's models: a batch of prompts where it has batches, the largest by the clock, else as many as in flight."""
    batch = max(study.batches(one.benchmark)) if one.stage == "timing" else one.batch
    for model in models:
        shape, engine = shapes[model.path], model.engine
        if shape is not None and isinstance(engine, TransformersSettings):
            yield AskedModel(shape, engine, batch or models[-1].engine.concurrency)


def _planned(study: Study, one: Pass, asked: Sequence[AskedModel], picture: tuple[int, int] | None) -> PlannedMemory:
    """What models that lie on a device together need: all weights, and the rest of the one that needs most of it."""
    weights = sum(model.shape.parameters * _bytes(model) for model in asked) / GB
    needs = {MemoryNeed(weights, *_at_work(model, picture)): model.prompts for model in asked}
    most = max(needs, key=lambda need: need.total)
    agent = one.agent or ""
    where = f"{one.benchmark}/{one.split}"
    return PlannedMemory(one.stage, agent, where, needs[most], study.gpus(one.stage, agent), most)


def _at_work(asked: AskedModel, picture: tuple[int, int] | None) -> tuple[float, float, float]:
    """Cache, pictures and activations of one batch, in gigabytes."""
    shape, image, size = asked.shape, asked.engine.image, _bytes(asked)
    cell = (shape.vision.patch_size * shape.vision.spatial_merge_size) ** 2
    width, height = fitted_size(*picture, image) if picture else (1, image.max_pixels)
    picture_tokens = -(-width * height // cell)
    tokens = asked.prompts * (picture_tokens + PROMPT_TOKENS)
    patches = asked.prompts * picture_tokens * shape.vision.patches_per_token
    text = tokens * (3 * shape.text.intermediate_size + 3 * shape.text.hidden_size)
    vision = patches * (3 * shape.vision.intermediate_size + 3 * shape.vision.hidden_size)
    pictures = patches * shape.vision.values_per_patch * FLOAT32
    return shape.cache_values(tokens) * size / GB, pictures / GB, max(text, vision) * size / GB


def _bytes(asked: AskedModel) -> int:
    dtype = asked.engine.dtype
    return BYTES.get(asked.shape.dtype if dtype == "auto" else dtype, 4)


def _largest_picture(study: Study, benchmark: str, split: str) -> tuple[int, int] | None:
    """Width and height of a split's largest picture: as indexed, else as registered; None where it is not known."""
    samples = Path(study.layout.samples(benchmark, split))
    if not samples.exists():
        downloads = Downloads(study)
        return downloads.dataset(benchmark).entry.largest_picture if benchmark in downloads.datasets else None
    table = pq.read_table(samples, columns=["width", "height"])
    area = pc.multiply(table["width"], table["height"])
    row = pc.index(area, pc.max(area)).as_py()
    return table["width"][row].as_py(), table["height"][row].as_py()


def card_gigabytes() -> float | None:
    """The memory of this machine's smallest GPU; None without any."""
    if (program := shutil.which("nvidia-smi")) is None:
        return None
    command = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    sizes = [int(line) for line in done.stdout.split() if line.isdigit()]
    return min(sizes) * 2**20 / GB if sizes and not done.returncode else None


def render_memory(planned: Sequence[PlannedMemory], card: float | None) -> str:
    """The needs as text, each beside the smallest card that holds it; those that this machine's cannot are marked."""
    head = f"  {'stage':<22} {'prompts':>8} {'weights':>8} {'cache':>6} {'pictures':>9} {'layers':>7} {'GB':>6}  card"
    rows = [_row(one, card) for one in planned]
    own = "" if card is None else f"; this machine's cards have {card:.0f} GB"
    return "\n".join([f"GPU memory at the largest batch of the largest pictures{own}", head, *rows])


def _row(one: PlannedMemory, card: float | None) -> str:
    name = f"  {f'{one.stage} {one.agent}':<22}"
    if one.need is None:
        return f"{name} not known before {one.unknown} is downloaded"
    need = one.need
    share = need.total / max(one.gpus, 1)
    fitting = next((f"{size} GB" for size in CARDS if share <= size), "several")
    over = ", more than there is" if card is not None and share > card else ""
    spread = f", over {one.gpus} GPUs" if one.gpus > 1 else ""
    return (
        f"{name} {one.prompts:>8} {need.weights:>8.1f} {need.cache:>6.1f} {need.pictures:>9.1f} "
        f"{need.activations:>7.1f} {need.total:>6.1f}  {fitting}{spread}{over}, on {one.where}"
    )
