"""The job that offers load to an agent and to the funnel over it, by models that other work may have opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from pydantic import TypeAdapter

from speceyes.images import Pictures
from speceyes.method.draft import DraftSettings
from speceyes.method.funnel import Gate
from speceyes.method.load import Service, answers_to_come, draw_questions, run_load
from speceyes.method.load_settings import LoadSettings
from speceyes.method.model_pass import ModelPass
from speceyes.prompts import load_prompts
from speceyes.records.samples import read_samples
from speceyes.records.tables import is_made_from, write_table
from speceyes.records.types import LoadRecord
from speceyes.runtime.progress import Progress
from speceyes.runtime.provenance import digest, provenance

GATES = TypeAdapter(dict[str, Gate])


def offer_load(here: ModelPass, agent: str, splits: Iterable[tuple[Path, Path]], table: Path) -> None:
    """Offer the load and write what was answered, unless the table holds it already.

    Args:
        here: a job as :func:`speceyes.method.phases.phases_of` takes it, with the settings ``load`` and ``gates``, the
            gate of each benchmark.
        agent: its name.
        splits: the samples table of each split and the folder of its pictures.
        table: of the answers.
    """
    settings = here.job.settings
    load, gates = LoadSettings.model_validate(settings["load"]), GATES.validate_python(settings["gates"])
    asked = [(read_samples(samples), Pictures(images)) for samples, images in splits]
    questions = draw_questions(asked, gates, load.questions, load.seed)
    inputs = here.identities | {"questions": digest(*(one.sample.model_dump(mode="json") for one in questions))}
    if is_made_from(table, LoadRecord, here.settings, inputs):
        os.utime(table)
        return
    with ExitStack() as open_models:
        model, draft = (
            open_models.enter_context(here.models.shared(name, load.largest_batch)) for name in ("model", "draft")
        )
        service = Service(
            name=agent,
            agent=here.agent(),
            models={"agent": model, "draft": draft},
            screening=settings["screening"],
            prompts=load_prompts(here.inputs["draft_prompts"]),
            settings=DraftSettings.model_validate(settings["draft"]),
        )
        records = run_load(service, questions, load.arrivals, load.repeats, load.seed)
        total = answers_to_come(questions, load.arrivals, load.repeats)
        write_table(table, LoadRecord, _shown(records, f"load {agent}", total), provenance(here.settings, inputs))


def _shown(records: Iterable[LoadRecord], label: str, total: int) -> Iterator[LoadRecord]:
    with Progress(label, total, 0) as progress:
        for record in records:
            yield record
            progress.advance()
