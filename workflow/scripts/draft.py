"""Rule draft: the draft model answers every sample of a shard, keeping its top-K log-probabilities."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.images import SharedPictures
    from speceyes.method.draft import Drafter, DraftSettings
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.recalled_drafts import RecallingDrafter
    from speceyes.prompts import load_prompts
    from speceyes.records.batches import in_batches
    from speceyes.records.types import DraftRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))

    def start():
        """The draft model, opened, on a pass."""
        settings = DraftSettings.model_validate(here.job.settings["draft"])
        engine = here.engine("model")

        def drafted(samples, portion):
            drafter = RecallingDrafter(
                Drafter(engine, load_prompts(portion.prompts), settings), here.job.elsewhere(portion)
            )
            pictures = SharedPictures(portion.images)
            return in_batches(here.asked_at_once(portion), lambda batch: drafter.answer(batch, pictures))(samples)

        return drafted

    here.run(DraftRecord, start)
