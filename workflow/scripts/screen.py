"""Rule screen: would tools help? Asked of the agent's model, or of the draft (phase-I ablation)."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.screening import screen
    from speceyes.records.types import ScreenRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    agent, engine = here.agent(), here.engine("model")
    here.run(
        ScreenRecord,
        lambda samples: screen(engine, agent, samples, here.images),
        warm_up=lambda sample: screen(engine, agent, [sample], here.images),
    )
