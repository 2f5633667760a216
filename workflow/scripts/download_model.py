"""Rule download_model: a model's files at the pinned revision, verified."""

from pathlib import Path

from speceyes.downloads.hub import download
from speceyes.downloads.registry import PINS, find_model
from speceyes.downloads.settings import TransferSettings
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    download(
        find_model(Path(snakemake.input.registry), snakemake.params.source, snakemake.params.revision),
        Path(snakemake.output.folder),
        PINS,
        TransferSettings(connections=snakemake.resources.connections),
    )
