"""Rule screen: would tools help? Asked of the agent's model, or of the draft (phase-I ablation)."""

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.images import SharedPictures
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.screening import screen
    from speceyes.records.batches import in_batches
    from speceyes.records.types import ScreenRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))

    def start():
        """The model that screens, opened, on a pass."""
        agent, engine = here.agent(), here.engine("model")

        def screened(samples, portion):
            pictures = SharedPictures(portion.images)
            size = here.asked_at_once(portion)
            return in_batches(size, lambda batch: screen(engine, agent, batch, pictures))(samples)

        return screened

    here.run(ScreenRecord, start)
