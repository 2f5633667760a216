"""Rule confidence: every metric for every K, from the stored log-probabilities."""

from pathlib import Path

from speceyes.method.confidence import write_confidences
from speceyes.runtime.job import job
from speceyes.runtime.provenance import provenance

with job(snakemake.log[0]):
    settings = {"metrics": snakemake.params.metrics, "top_k": snakemake.params.top_k}
    write_confidences(
        Path(snakemake.output.table),
        [Path(path) for path in snakemake.input.drafts],
        snakemake.params.metrics,
        snakemake.params.top_k,
        provenance(settings, {"code": snakemake.params.code}),
    )
