"""Rule agent: the baseline, every sample of a shard through the whole agent loop."""

from pathlib import Path

from speceyes.records.stage import Shard, Stage
from speceyes.runtime.job import job

with job(snakemake.log[0], snakemake.resources.get("gpu", 0)):
    from speceyes.agents.base import load_agent
    from speceyes.agents.run import answer
    from speceyes.engines.settings import EngineSettings
    from speceyes.engines.transformers_engine import TransformersEngine
    from speceyes.records.samples import read_samples
    from speceyes.records.types import AgentRecord

    wildcards = snakemake.wildcards
    stage = Stage(
        label=f"agent {wildcards.agent} {wildcards.benchmark}/{wildcards.split} {wildcards.scatteritem}",
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
    answer(engine, agent, read_samples(stage.samples)[0], images)
    stage.run(AgentRecord, 1, lambda samples: [answer(engine, agent, sample, images) for sample in samples])
