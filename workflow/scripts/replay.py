"""Rule replay: every setting of one agent on one split, composed from the stored passes."""

from pathlib import Path

from pydantic import TypeAdapter
from speceyes.method.replay import Grid, Passes, write_replay
from speceyes.runtime.job import job
from speceyes.runtime.provenance import provenance

with job(snakemake.log[0]):
    params = snakemake.params
    write_replay(
        Path(snakemake.output.table),
        TypeAdapter(Passes).validate_python(params.passes),
        Grid.model_validate(params.grid),
        provenance({}, {"code": params.code}),
    )
