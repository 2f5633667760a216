"""Rule write_config: the configuration as resolved, beside the results it made."""

from pathlib import Path

import yaml
from speceyes.runtime.atomic import write_whole
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    text = yaml.safe_dump(snakemake.params.config, sort_keys=False, allow_unicode=True)
    write_whole(Path(snakemake.output.config), text)
