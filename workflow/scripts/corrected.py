"""Rule corrected: an agent's corrected loop on a sample of images; what the published one asked is not asked again."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.agents.recall import RecallingEngine
    from speceyes.agents.run import answering
    from speceyes.agents.side_by_side import records_side_by_side
    from speceyes.method.model_pass import ModelPass
    from speceyes.records.passes import by_pass
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    published = by_pass(map(Path, snakemake.input.published), "agent", lambda held: held.cell)

    def start():
        """The agent and its model, opened, on a pass."""
        agent, engine = here.agent(), here.engine("model")

        def work(samples, share):
            recalling = RecallingEngine.of(engine, published[share.holds.cell])
            return records_side_by_side(
                (answering(recalling, agent, one, share.images) for one in samples), here.batch_size(share)
            )

        return work

    here.run(AgentRecord, start)
