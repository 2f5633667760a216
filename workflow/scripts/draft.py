"""Rule draft: the draft model answers every sample of a shard, keeping its top-K log-probabilities."""

from pathlib import Path

from speceyes.records.stage import Shard, Stage
from speceyes.runtime.job import job

with job(snakemake.log[0], snakemake.resources.get("gpu", 0)):
    from speceyes.engines.settings import EngineSettings
    from speceyes.engines.transformers_engine import TransformersEngine
    from speceyes.method.draft import Drafter, Settings
    from speceyes.prompts import load_prompts
    from speceyes.records.samples import read_samples
    from speceyes.records.types import DraftRecord

    stage = Stage(
        label=f"draft {snakemake.wildcards.benchmark}/{snakemake.wildcards.split} b{snakemake.wildcards.batch}"
        f" {snakemake.wildcards.scatteritem}",
        samples=Path(snakemake.input.samples),
        table=Path(snakemake.output.table),
        journals=Path(snakemake.params.journals),
        shard=Shard.parse(snakemake.wildcards.scatteritem),
        settings=snakemake.params.settings | {"engine": snakemake.params.engine},
        inputs=snakemake.params.inputs,
    )
    engine = TransformersEngine(Path(snakemake.input.model), EngineSettings.model_validate(snakemake.params.engine))
    drafter = Drafter(
        engine, load_prompts(Path(snakemake.input.prompts)), Settings.model_validate(snakemake.params.settings)
    )
    images = Path(snakemake.input.images)
    drafter.answer(read_samples(stage.samples)[:1], images)
    stage.run(DraftRecord, int(snakemake.wildcards.batch), lambda samples: drafter.answer(samples, images))
