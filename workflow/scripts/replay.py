"""Rule replay: every setting of one agent on one split, composed from the stored passes."""

from pathlib import Path

from speceyes.method.grid import Grid
from speceyes.method.replay import Passes, write_replay
from speceyes.records.passes import Pass
from speceyes.runtime.job import job
from speceyes.runtime.provenance import provenance

with job(snakemake.log[0]):
    stored = snakemake.input
    passes = Passes.of(
        samples=Path(stored.samples),
        drafts=map(Path, stored.drafts),
        confidences=map(Path, stored.confidences),
        alone=map(Path, stored.alone),
        screens=map(Path, stored.screens),
        agents=map(Path, stored.agents),
        specreason=map(Path, stored.specreason),
        timing=Path(stored.timing),
    )
    holds = Pass(stage="replay", **dict(snakemake.wildcards.items()))
    write_replay(
        Path(snakemake.output.table),
        passes,
        Grid.model_validate(snakemake.params.grid),
        holds.stamp() | provenance({}, {"code": snakemake.params.code}),
    )
