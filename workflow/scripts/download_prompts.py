"""Rule download_prompts: the official prompts, extracted from the pinned commit's files."""

from pathlib import Path

from speceyes.downloads.prompts import download_prompts, load_prompt_map
from speceyes.downloads.settings import TransferSettings
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    download_prompts(
        load_prompt_map(Path(snakemake.input.prompt_map)),
        Path(snakemake.output[0]).parent,
        TransferSettings().attempts,
    )
