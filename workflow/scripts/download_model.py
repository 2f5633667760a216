"""Rule download_model: a model's files at the pinned revision, verified."""

from pathlib import Path

from speceyes.downloads.hub import download
from speceyes.downloads.registry import find_model
from speceyes.downloads.settings import Settings
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    download(
        find_model(Path(snakemake.params.registry), snakemake.params.source, snakemake.params.revision),
        Path(snakemake.output.folder),
        Path(snakemake.params.pins),
        Settings(connections=snakemake.resources.connections),
    )
