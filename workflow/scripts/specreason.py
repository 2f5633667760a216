"""Rule specreason: the peer method on every sample of a shard."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.agents.side_by_side import records_side_by_side
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.specreason import VARIANTS, SpecReasonSettings
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))

    def start():
        """The method with its two models, opened, on a pass."""
        method = VARIANTS[snakemake.wildcards.variant](
            agent=here.agent(),
            draft=here.engine("draft"),
            agent_engine=here.engine("model"),
            settings=SpecReasonSettings.model_validate(here.job.settings["specreason"]),
        )
        return lambda samples, share: records_side_by_side(
            (method.answering(sample, share.images) for sample in samples), here.batch_size(share)
        )

    here.run(AgentRecord, start)
