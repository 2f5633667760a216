"""Rule confidence: every metric for every K, from the stored log-probabilities."""

from pathlib import Path

from speceyes.method.confidence import write_confidences
from speceyes.records.passes import Pass
from speceyes.runtime.job import job
from speceyes.runtime.provenance import provenance

with job(snakemake.log[0]):
    params = snakemake.params
    holds = Pass(stage="confidence", **dict(snakemake.wildcards.items()))
    write_confidences(
        Path(snakemake.output.table),
        [Path(path) for path in snakemake.input.drafts],
        params.metrics,
        params.top_k,
        holds.stamp() | provenance({"metrics": params.metrics, "top_k": params.top_k}, {"code": params.code}),
    )
