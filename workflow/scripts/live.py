"""Rule live: the funnel itself at one setting, timed."""

import os

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

# The job holds the whole machine for silence alone: models run on one thread, as in all other jobs.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.draft import Drafter, DraftSettings
    from speceyes.method.funnel import Funnel, Gate
    from speceyes.method.model_pass import ModelPass
    from speceyes.prompts import load_prompts
    from speceyes.records.batches import in_batches
    from speceyes.records.stage import SomeImages
    from speceyes.records.types import LiveRecord

    sample = SomeImages(**snakemake.params.sample)
    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study), sample).by_the_clock()

    def start():
        """The funnel with its models, opened, on a pass at its gate."""
        settings, agent = here.job.settings, here.agent()
        draft_engine, agent_engine = here.engine("draft"), here.engine("model")
        drafter = Drafter(
            draft_engine, load_prompts(here.inputs["draft_prompts"]), DraftSettings.model_validate(settings["draft"])
        )

        def funnel(share):
            held = share.holds
            return Funnel(
                screening_engine=draft_engine if settings["screening"] == "draft" else agent_engine,
                agent_engine=agent_engine,
                agent=agent,
                drafter=drafter,
                gate=Gate(held.metric, held.top_k, held.threshold),
                images_dir=share.images,
            )

        first, share = here.first()
        funnel(share).warm_up(first)
        return lambda samples, share: in_batches(share.holds.batch, funnel(share).run)(samples)

    here.run(LiveRecord, start)
