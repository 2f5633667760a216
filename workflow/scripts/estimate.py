"""Rule estimate: what the configured study will still cost, printed before anything runs."""

from speceyes.runtime.job import job
from speceyes.study.estimate import Plan, render

with job(snakemake.log[0]):
    print(render(Plan.model_validate(snakemake.params.plan)))
