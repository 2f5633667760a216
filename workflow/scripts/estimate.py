"""Rule estimate: what the configured study will still cost, printed before anything runs."""

from speceyes.runtime.job import job
from speceyes.study.config import load_config
from speceyes.study.estimate import Work, render
from speceyes.study.study import Study

with job(snakemake.log[0]):
    print(render(Work.of(Study(load_config(snakemake.params.config)))))
