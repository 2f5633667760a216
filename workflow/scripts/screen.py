"""Rule screen: would tools help? Asked of the agent's model, or of the draft (phase-I ablation)."""

from pathlib import Path

from speceyes.records.stage import Shard, Stage
from speceyes.runtime.job import job

with job(snakemake.log[0], snakemake.resources.get("gpu", 0)):
    from speceyes.agents.base import load_agent
    from speceyes.engines.settings import EngineSettings
    from speceyes.engines.transformers_engine import TransformersEngine
    from speceyes.method.screening import screen
    from speceyes.records.samples import read_samples
    from speceyes.records.types import ScreenRecord

    wildcards = snakemake.wildcards
    stage = Stage(
        label=f"screen {wildcards.agent} {wildcards.benchmark}/{wildcards.split} b{wildcards.batch}"
        f" {wildcards.scatteritem}",
        samples=Path(snakemake.input.samples),
        table=Path(snakemake.output.table),
        journals=Path(snakemake.params.journals),
        shard=Shard.parse(wildcards.scatteritem),
        settings=snakemake.params.settings | {"engine": snakemake.params.engine},
        inputs=snakemake.params.inputs,
    )
    engine = TransformersEngine(Path(snakemake.input.model), EngineSettings.model_validate(snakemake.params.engine))
    agent = load_agent(snakemake.params.type)(
        Path(snakemake.input.prompts), snakemake.params.settings, Path(snakemake.params.media)
    )
    images = Path(snakemake.input.images)
    screen(engine, agent, read_samples(stage.samples)[:1], images)
    stage.run(ScreenRecord, int(wildcards.batch), lambda samples: screen(engine, agent, samples, images))
