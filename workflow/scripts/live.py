"""Rule live: the funnel itself at one setting, timed."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.draft import Drafter, DraftSettings
    from speceyes.method.funnel import Funnel, Gate
    from speceyes.method.model_pass import ModelPass
    from speceyes.prompts import load_prompts
    from speceyes.records.batches import in_batches
    from speceyes.records.types import LiveRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))

    def start():
        """The funnel with its models, opened, on a pass at its gate."""
        settings, agent = here.job.settings, here.agent()
        draft_engine, agent_engine = here.engine("draft"), here.engine("model")
        drafter = Drafter(
            draft_engine, load_prompts(here.inputs["draft_prompts"]), DraftSettings.model_validate(settings["draft"])
        )

        def run(samples, share):
            held = share.holds
            funnel = Funnel(
                screening_engine=draft_engine if settings["screening"] == "draft" else agent_engine,
                agent_engine=agent_engine,
                agent=agent,
                drafter=drafter,
                gate=Gate(held.metric, held.top_k, held.threshold),
                images_dir=share.images,
            )
            return in_batches(held.batch, funnel.run)(samples)

        return run

    here.run(LiveRecord, start)
