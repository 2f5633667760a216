"""Rule specreason: the peer method on every sample of a shard."""

from pathlib import Path

from speceyes.records.stage import Shard, Stage
from speceyes.runtime.job import job

with job(snakemake.log[0], snakemake.resources.get("gpu", 0)):
    from speceyes.agents.base import load_agent, told_settings
    from speceyes.engines.settings import EngineSettings
    from speceyes.engines.transformers_engine import TransformersEngine
    from speceyes.method.specreason import VARIANTS, Settings
    from speceyes.records.samples import read_samples
    from speceyes.records.types import AgentRecord

    wildcards = snakemake.wildcards
    agent_type = load_agent(snakemake.params.type)
    agent_settings = told_settings(agent_type, snakemake.params.agent_settings, protocol=wildcards.variant)
    stage = Stage(
        label=f"specreason {wildcards.agent} {wildcards.variant} {wildcards.benchmark}/{wildcards.split}"
        f" {wildcards.scatteritem}",
        samples=Path(snakemake.input.samples),
        table=Path(snakemake.output.table),
        journals=Path(snakemake.params.journals),
        shard=Shard.parse(wildcards.scatteritem),
        settings=snakemake.params.settings
        | {
            "agent": agent_settings,
            "engine": snakemake.params.engine,
            "draft_engine": snakemake.params.draft_engine,
        },
        inputs=snakemake.params.inputs,
    )
    method = VARIANTS[wildcards.variant](
        draft=TransformersEngine(
            Path(snakemake.input.draft), EngineSettings.model_validate(snakemake.params.draft_engine)
        ),
        agent_engine=TransformersEngine(
            Path(snakemake.input.model), EngineSettings.model_validate(snakemake.params.engine)
        ),
        agent=agent_type(Path(snakemake.input.prompts), agent_settings, Path(snakemake.params.media)),
        settings=Settings.model_validate(snakemake.params.settings),
    )
    images = Path(snakemake.input.images)
    method.answer(read_samples(stage.samples)[0], images)
    stage.run(AgentRecord, 1, lambda samples: [method.answer(sample, images) for sample in samples])
