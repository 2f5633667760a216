"""A GPU stage's frame: a shard of the samples, a journal that survives, one table at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from speceyes.records.journal import Journal, run_pending
from speceyes.records.samples import Sample, read_samples
from speceyes.records.tables import write_table
from speceyes.records.types import Record
from speceyes.runtime.progress import Progress
from speceyes.runtime.provenance import device, digest, file_identity, provenance

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Shard:
    """Every n-th sample, starting with the k-th: ``"2-of-4"``."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        index, _, count = text.partition("-of-")
        return cls(int(index) - 1, int(count))

    def of(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        return samples[self.index :: self.count]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a stage reads and writes, and what its records depend on.

    Args:
        label: for the progress bar; names the journal.
        samples: the samples table.
        table: the Parquet table to write.
        journals: the study's journal folder.
        shard: which part of the samples.
        settings: resolved settings, stamped into the table; with ``inputs`` they name the journal.
        inputs: identities of code, models and prompts.
        stamp: what else the table says of itself, as :meth:`speceyes.records.passes.Pass.stamp`.
    """

    label: str
    samples: Path
    table: Path
    journals: Path
    shard: Shard
    settings: dict[str, Any]
    inputs: dict[str, str]
    stamp: dict[str, Any] = field(default_factory=dict)

    def run(self, kind: type[R], batch_size: int, work: Callable[[Sequence[Sample]], Sequence[R]]) -> None:
        """Do what the journal lacks, then write the table in the samples' order.

        The journal stays, marked as finished, until :func:`speceyes.records.journal.remove_finished`: a Snakemake
        killed before it has noted the table as complete deletes it and asks for it again.
        """
        samples = self.shard.of(read_samples(self.samples))
        inputs = self.inputs | {"samples": file_identity(self.samples)}
        # A journal of one model of device is not continued on another: a table's latencies belong together.
        fingerprint = digest(self.settings, inputs, kind.__name__, device()["name"])
        path = self.journals / f"{self.label.replace('/', '-').replace(' ', '-')}.{fingerprint}.jsonl"
        with Journal(path, kind, fingerprint) as journal:
            with Progress(self.label, len(samples), len(journal.done)) as progress:
                run_pending(samples, journal, batch_size, progress.counting(work))
            records = [journal.done[sample.sample_id] for sample in samples]
            write_table(self.table, kind, records, self.stamp | provenance(self.settings, inputs))
            journal.finish()
