"""Rule timing: all that is measured by the clock, by models that are opened once.

Every step on the samples that are timed; the funnel itself on them, at the gates that run live; load on both systems.
"""

from pathlib import Path

from speceyes.runtime.job import job, use_threads
from speceyes.study.layout import Layout

use_threads(1)  # all cores are the job's so that none runs beside it; models run on one thread, as in all other jobs

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.live import live_funnel
    from speceyes.method.load_job import offer_load
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.timing import timing_steps
    from speceyes.records.types import LiveRecord, TimingRecord

    layout, agent = Layout.of(snakemake.params.study), snakemake.wildcards.agent
    steps = ModelPass.of(snakemake, layout).by_the_clock()
    live = steps.also(snakemake.params.live)
    with steps.models:
        steps.complete(TimingRecord, lambda: timing_steps(steps))
        live.complete(LiveRecord, lambda: live_funnel(live))
        if snakemake.params.load:
            splits = zip(map(Path, snakemake.input.samples), map(Path, snakemake.input.images), strict=True)
            offer_load(steps.also(snakemake.params.load), agent, splits, Path(layout.load(agent)))
