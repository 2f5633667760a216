"""Rule timing: every step by the clock, alone on the machine, on the samples that are timed."""

import os

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

# The job holds the whole machine for silence alone: models run on one thread, as in all other jobs.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.draft import Drafter, DraftSettings
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.specreason import VARIANTS, SpecReasonSettings
    from speceyes.method.timing import Clock
    from speceyes.prompts import load_prompts
    from speceyes.records.stage import SomeImages
    from speceyes.records.types import TimingRecord

    sample = SomeImages(**snakemake.params.sample)
    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study), sample).by_the_clock()

    def start():
        """Everything that is timed, opened and warm, on a pass."""
        settings, agent = here.job.settings, here.agent()
        draft, model = here.engine("draft"), here.engine("model")
        peer_settings = SpecReasonSettings.model_validate(settings["specreason"])
        peers = {
            variant: VARIANTS[variant](draft, model, here.agent(f"agent {variant}"), peer_settings)
            for variant in settings["variants"]
        }
        clocks = {
            share: Clock(
                screening_engine=draft if settings["screening"] == "draft" else model,
                agent_engine=model,
                agent=agent,
                drafter=Drafter(
                    draft, load_prompts(here.inputs["draft_prompts"]), DraftSettings.model_validate(settings["draft"])
                ),
                peers=peers,
                batches=share.batches,
                repeats=settings["repeats"],
            )
            for share in here.job.shares
        }
        first, share = here.first()
        clocks[share].warm_up(first, share.images)
        return lambda samples, share: clocks[share].run(samples, share.images)

    here.run(TimingRecord, start)
