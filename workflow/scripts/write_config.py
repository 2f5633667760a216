"""Rule write_config: the configuration as resolved, beside the results it made."""

from pathlib import Path

import yaml
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    text = yaml.safe_dump(snakemake.params.config, sort_keys=False, allow_unicode=True)
    Path(snakemake.output.config).write_text(text, encoding="utf-8")
