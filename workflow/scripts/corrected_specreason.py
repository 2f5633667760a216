"""Rule corrected_specreason: SpecReason's corrected variant on some images; what the agent was asked is recalled."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.agents.recall import RecallingEngine
    from speceyes.agents.side_by_side import records_side_by_side
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.specreason import Corrected, SpecReasonSettings
    from speceyes.records.passes import by_pass
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    published = by_pass(map(Path, snakemake.input.published), "agent", lambda held: held.cell)

    def start():
        """The agent and both models, opened, on a pass."""
        agent, draft, engine = here.agent(), here.engine("draft"), here.engine("model")
        settings = SpecReasonSettings.model_validate(here.job.settings["specreason"])

        def work(samples, share):
            method = Corrected(draft, RecallingEngine.of(engine, published[share.holds.cell]), agent, settings)
            return records_side_by_side(
                (method.answering(one, share.images) for one in samples), here.batch_size(share)
            )

        return work

    here.run(AgentRecord, start)
