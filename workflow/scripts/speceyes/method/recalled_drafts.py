"""What the draft was asked in one wording is not asked again in another that says the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from speceyes.images import Pictures
from speceyes.method.draft import Drafter
from speceyes.records.samples import Sample
from speceyes.records.tables import read_table
from speceyes.records.types import DraftRecord


class RecallingDrafter:
    """Answers from other wordings' records what they hold an answer to, and asks the draft for the rest.

    Args:
        drafter: the draft in this pass's wording.
        tables: of passes over the same questions in other wordings, by the same model under the same settings. Their
            records are kept in memory.

    Raises:
        RecordError: a table holds other records.
    """

    def __init__(self, drafter: Drafter, tables: Iterable[Path]) -> None:
        self._drafter = drafter
        records = (record for table in tables for record in read_table(table, DraftRecord))
        self._known = {record.prompt: record for record in records if record.status != "error"}

    def answer(self, samples: Sequence[Sample], pictures: Pictures) -> list[DraftRecord]:
        """Answer all samples in order, those that no record answers as one batch."""
        found = [self._known.get(self._drafter.prompt(sample)) for sample in samples]
        new = [sample for sample, record in zip(samples, found, strict=True) if record is None]
        drafted = iter(self._drafter.answer(new, pictures) if new else [])
        return [
            next(drafted) if record is None else record.model_copy(update={"sample_id": sample.sample_id})
            for sample, record in zip(samples, found, strict=True)
        ]
