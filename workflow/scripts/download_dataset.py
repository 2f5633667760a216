"""Rule download_dataset: a benchmark's official files at the pinned revision, verified."""

from pathlib import Path

from speceyes.downloads.hub import download
from speceyes.downloads.registry import find_dataset
from speceyes.downloads.settings import Settings
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    download(
        find_dataset(Path(snakemake.params.registry), snakemake.params.source),
        Path(snakemake.output.folder),
        Path(snakemake.params.pins),
        Settings(connections=snakemake.resources.connections),
    )
