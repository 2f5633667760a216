"""Rule live: the funnel itself at one setting, timed."""

from pathlib import Path

from speceyes.records.stage import Shard, Stage
from speceyes.runtime.job import job

with job(snakemake.log[0], snakemake.resources.get("gpu", 0)):
    from speceyes.agents.base import load_agent
    from speceyes.engines.settings import EngineSettings
    from speceyes.engines.transformers_engine import TransformersEngine
    from speceyes.method.draft import Drafter, Settings
    from speceyes.method.funnel import Funnel, Gate
    from speceyes.prompts import load_prompts
    from speceyes.records.samples import read_samples
    from speceyes.records.types import LiveRecord

    wildcards, params = snakemake.wildcards, snakemake.params
    draft_engine = TransformersEngine(Path(snakemake.input.draft), EngineSettings.model_validate(params.draft_engine))
    agent_engine = TransformersEngine(Path(snakemake.input.model), EngineSettings.model_validate(params.engine))
    agent = load_agent(params.type)(Path(snakemake.input.prompts), params.agent_settings, Path(params.media))
    drafter = Drafter(
        draft_engine, load_prompts(Path(snakemake.input.draft_prompts)), Settings.model_validate(params.draft_settings)
    )
    funnel = Funnel(
        screening_engine=draft_engine if params.screening == "draft" else agent_engine,
        agent_engine=agent_engine,
        agent=agent,
        drafter=drafter,
        gate=Gate(wildcards.metric, int(wildcards.top_k), float(wildcards.threshold)),
        images_dir=Path(snakemake.input.images),
    )
    stage = Stage(
        label=f"live {wildcards.agent} {wildcards.benchmark}/{wildcards.split}"
        f" {wildcards.metric} k{wildcards.top_k} t{wildcards.threshold} b{wildcards.batch}",
        samples=Path(snakemake.input.samples),
        table=Path(snakemake.output.table),
        journals=Path(params.journals),
        shard=Shard(0, 1),
        settings={
            "gate": dict(wildcards.items()),
            "agent": params.agent_settings,
            "draft": params.draft_settings,
            "engine": params.engine,
            "draft_engine": params.draft_engine,
            "screening": params.screening,
        },
        inputs=params.inputs,
    )
    funnel.warm_up(read_samples(stage.samples)[0])
    stage.run(LiveRecord, int(wildcards.batch), funnel.run)
