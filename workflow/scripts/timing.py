"""Rule timing: every step by the clock, alone on the machine, on the samples that are timed."""

from speceyes.runtime.job import job, use_threads
from speceyes.study.layout import Layout

use_threads(1)  # the job holds the whole machine for silence alone: models run on one thread, as in all other jobs

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.images import Pictures
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.phases import phases_of
    from speceyes.method.specreason import VARIANTS, SpecReasonSettings
    from speceyes.method.timing import Clock
    from speceyes.records.types import TimingRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study)).by_the_clock()

    def start():
        """Everything that is timed, opened and warm, on a pass."""
        settings = here.job.settings
        draft, model = here.engine("draft"), here.engine("model")
        peer_settings = SpecReasonSettings.model_validate(settings["specreason"])
        peers = {
            variant: VARIANTS[variant](draft, model, here.agent(f"agent {variant}"), peer_settings)
            for variant in {variant for portion in here.job.portions for variant in portion.variants}
        }
        phases = phases_of(here, draft, model)

        def clock(portion):
            own = {name: peers[name] for name in portion.variants}
            return Clock(phases, own, portion.batches, settings["repeats"])

        first, portion = here.first()
        Clock(phases, peers, portion.batches, settings["repeats"]).warm_up(first, Pictures(portion.images))
        return lambda samples, portion: clock(portion).run(samples, Pictures(portion.images))

    here.run(TimingRecord, start)
