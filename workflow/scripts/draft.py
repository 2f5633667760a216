"""Rule draft: the draft model answers every sample of a shard, keeping its top-K log-probabilities."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.draft import Drafter, DraftSettings
    from speceyes.method.model_pass import ModelPass
    from speceyes.prompts import load_prompts
    from speceyes.records.types import DraftRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    settings = DraftSettings.model_validate(here.job.settings["draft"])
    drafter = Drafter(here.engine("model"), load_prompts(here.inputs["prompts"]), settings)
    here.run(
        DraftRecord,
        lambda samples: drafter.answer(samples, here.images),
        warm_up=lambda sample: drafter.answer([sample], here.images),
    )
