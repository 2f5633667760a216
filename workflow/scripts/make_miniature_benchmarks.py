"""Rule make_miniature_benchmarks: the miniature's V*, HR-Bench and POPE, from a seed."""

import shutil
from pathlib import Path

from speceyes.miniature.generate import BENCHMARKS, Sizes, write_benchmarks
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    folder = Path(snakemake.output.scenes).parent
    for name in BENCHMARKS:
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_benchmarks(folder, Sizes.model_validate(snakemake.params.sizes), snakemake.params.seed)
