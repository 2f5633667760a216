"""Rule agent: the baseline, every sample of a shard through the whole agent loop."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.agents.run import answering
    from speceyes.agents.side_by_side import records_side_by_side
    from speceyes.method.model_pass import ModelPass
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))

    def start():
        """The agent and its model, opened, on a pass."""
        agent, engine = here.agent(), here.engine("model")
        return lambda samples, share: records_side_by_side(
            (answering(engine, agent, sample, share.images) for sample in samples), here.batch_size(share)
        )

    here.run(AgentRecord, start)
