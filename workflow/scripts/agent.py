"""Rule agent: the baseline, every sample of a shard through the whole agent loop."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.agents.run import answer
    from speceyes.method.model_pass import ModelPass
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    agent, engine = here.agent(), here.engine("model")
    here.run(
        AgentRecord,
        lambda samples: [answer(engine, agent, sample, here.images) for sample in samples],
        warm_up=lambda sample: answer(engine, agent, sample, here.images),
    )
