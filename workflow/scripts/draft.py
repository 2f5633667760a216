"""Rule draft: the draft model answers every sample of a shard, keeping its top-K log-probabilities."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.draft import Drafter, DraftSettings
    from speceyes.method.model_pass import ModelPass
    from speceyes.prompts import load_prompts
    from speceyes.records.batches import in_batches
    from speceyes.records.types import DraftRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))

    def start():
        """The draft model, opened, on a pass."""
        settings = DraftSettings.model_validate(here.job.settings["draft"])
        drafter = Drafter(here.engine("model"), load_prompts(here.inputs["prompts"]), settings)
        return lambda samples, share: in_batches(share.holds.batch, lambda batch: drafter.answer(batch, share.images))(
            samples
        )

    here.run(DraftRecord, start)
