"""Rule specreason: the peer method on every sample of a shard."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.specreason import VARIANTS, SpecReasonSettings
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    method = VARIANTS[snakemake.wildcards.variant](
        agent=here.agent(),
        draft=here.engine("draft"),
        agent_engine=here.engine("model"),
        settings=SpecReasonSettings.model_validate(here.job.settings["specreason"]),
    )
    here.run(
        AgentRecord,
        lambda samples: [method.answer(sample, here.images) for sample in samples],
        warm_up=lambda sample: method.answer(sample, here.images),
    )
