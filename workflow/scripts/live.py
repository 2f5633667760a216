"""Rule live: the funnel itself at one setting, timed."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.draft import Drafter, DraftSettings
    from speceyes.method.funnel import Funnel, Gate
    from speceyes.method.model_pass import ModelPass
    from speceyes.prompts import load_prompts
    from speceyes.records.types import LiveRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    holds, settings = here.job.holds, here.job.settings
    agent = here.agent()
    draft_engine, agent_engine = here.engine("draft"), here.engine("model")
    drafter = Drafter(
        draft_engine, load_prompts(here.inputs["draft_prompts"]), DraftSettings.model_validate(settings["draft"])
    )
    funnel = Funnel(
        screening_engine=draft_engine if settings["screening"] == "draft" else agent_engine,
        agent_engine=agent_engine,
        agent=agent,
        drafter=drafter,
        gate=Gate(holds.metric, holds.top_k, holds.threshold),
        images_dir=here.images,
    )
    here.run(LiveRecord, funnel.run, warm_up=funnel.warm_up)
