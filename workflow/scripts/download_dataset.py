"""Rule download_dataset: a benchmark's official files at the pinned revision, verified."""

from pathlib import Path

from speceyes.downloads.hub import download
from speceyes.downloads.registry import PINS, find_dataset
from speceyes.downloads.settings import TransferSettings
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    download(
        find_dataset(Path(snakemake.input.registry), snakemake.params.source),
        Path(snakemake.output.folder),
        PINS,
        TransferSettings(connections=snakemake.resources.connections),
    )
