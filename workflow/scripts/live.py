"""Rule live: the funnel itself at one setting, timed."""

from speceyes.runtime.job import job, use_threads
from speceyes.study.layout import Layout

use_threads(1)  # the job holds the whole machine for silence alone: models run on one thread, as in all other jobs

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.images import Pictures
    from speceyes.method.funnel import Funnel, Gate
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.phases import phases_of
    from speceyes.records.batches import in_batches
    from speceyes.records.types import LiveRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study)).by_the_clock()

    def start():
        """The funnel with its models, opened, on a pass at its gate."""
        phases = phases_of(here, here.engine("draft"), here.engine("model"))

        def funnel(portion):
            held = portion.holds
            return Funnel(phases, Gate(held.metric, held.top_k, held.threshold), Pictures(portion.images))

        first, portion = here.first()
        funnel(portion).warm_up(first)
        return lambda samples, portion: in_batches(here.batch_size(portion), funnel(portion).run)(samples)

    here.run(LiveRecord, start)
