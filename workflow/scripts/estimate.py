"""Rule estimate: what the configured study will still cost, printed before anything runs."""

from speceyes.estimate import Plan, render
from speceyes.job import job

with job(snakemake.log[0]):
    print(render(Plan.model_validate(snakemake.params.plan)))
