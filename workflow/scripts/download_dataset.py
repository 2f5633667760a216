"""Rule download_dataset: a benchmark's official files at the pinned revision, verified."""

from pathlib import Path

from speceyes.downloads.hub import download
from speceyes.downloads.registry import PINS, find_dataset
from speceyes.downloads.settings import Settings
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    download(
        find_dataset(Path(snakemake.input.registry), snakemake.params.source),
        Path(snakemake.output.folder),
        PINS,
        Settings(connections=snakemake.resources.connections),
    )
