"""What all stages that run models share: a selection of samples, a table kept up to date, a journal of unfinished work.

The table is the store of what is done, record by record. A sample that is new, or whose question, picture, model,
prompt, code or setting changed, is worked on; every other record is taken up as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from speceyes.records.journal import Journal
from speceyes.records.samples import Sample, read_samples
from speceyes.records.selection import Selection
from speceyes.records.tables import holds_records, read_table, write_table
from speceyes.records.types import Record
from speceyes.runtime.progress import Progress
from speceyes.runtime.provenance import digest, provenance

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a stage reads and writes, and what its records depend on.

    Args:
        label: for the progress bar; names the journal.
        samples: the samples table; the name of a sample's picture says what is in it.
        table: the Parquet table to bring up to date.
        journals: the study's journal folder.
        selection: which of the samples.
        settings: resolved settings, stamped into the table.
        inputs: identities of code, models and prompts.
        stamp: what else the table says of itself, as :meth:`speceyes.records.passes.Pass.stamp`.
    """

    label: str
    samples: Path
    table: Path
    journals: Path
    selection: Selection
    settings: dict[str, Any]
    inputs: dict[str, str]
    stamp: dict[str, Any] = field(default_factory=dict)

    def run(self, kind: type[R], work: Callable[[Sequence[Sample]], Iterable[R]]) -> None:
        """Do what is not done yet, then write the table in the samples' order.

        Of a complete table only the modification time changes. The journal stays, marked as finished, until
        :func:`speceyes.records.journal.remove_finished`: a Snakemake killed before it has noted the table as complete
        may delete it and ask for it again.

        Args:
            kind: of the records.
            work: yields one record per sample that it is given, in any order; not called where nothing is left to do.
        """
        samples = self.selection.of(read_samples(self.samples))
        shared = digest(self.settings, self.inputs, self.stamp, kind.__name__)
        wanted = {sample.sample_id: _identity(shared, sample) for sample in samples}
        if self.table.exists() and _held(self.table, kind) == list(wanted.items()):
            os.utime(self.table)
            return
        path = self.journals / f"{self._name}.{shared}.jsonl"
        with Journal(path, kind, shared) as journal:
            known = {record.identity: record for record in (*_kept(self.table, kind), *journal.done.values())}
            pending = [sample for sample in samples if wanted[sample.sample_id] not in known]
            with Progress(self.label, len(samples), len(samples) - len(pending)) as progress:
                for record in work(pending) if pending else ():
                    done = record.model_copy(update={"identity": wanted[record.sample_id]})
                    journal.append(done)
                    known[done.identity] = done
                    progress.advance()
            # A question that moved within its file has another number, and the same answer.
            records = [known[wanted[s.sample_id]].model_copy(update={"sample_id": s.sample_id}) for s in samples]
            write_table(self.table, kind, records, self.stamp | provenance(self.settings, self.inputs))
            journal.finish()
        self.largest_batch.unlink(missing_ok=True)

    @property
    def largest_batch(self) -> Path:
        """Remembers a batch size that fits the memory where the planned one does not, until the stage is done."""
        return self.journals / f"{self._name}.{digest(self.settings, self.inputs, self.stamp)}.batch"

    @property
    def _name(self) -> str:
        return self.label.replace("/", "-").replace(" ", "-")


def _identity(shared: str, sample: Sample) -> str:
    return digest(shared, sample.model_dump(mode="json", exclude={"sample_id"}))


def _held(table: Path, kind: type[Record]) -> list[tuple[str, str]]:
    """Samples and identities of a table's records, in its order; none where it holds other records."""
    try:
        if not holds_records(table, kind):
            return []
        found = pq.read_table(table, columns=["sample_id", "identity"])
    except (pa.ArrowInvalid, OSError):
        return []
    return list(zip(*(found[name].to_pylist() for name in ("sample_id", "identity")), strict=True))


def _kept(table: Path, kind: type[R]) -> list[R]:
    """A table's records; none where there is no such table."""
    return list(read_table(table, kind)) if table.exists() and _held(table, kind) else []
