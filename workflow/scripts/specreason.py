"""Rules specreason and corrected_specreason: the peer method; what the agent's own tables answer is not asked again."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.agents.recall import recalling
    from speceyes.images import SharedPictures
    from speceyes.method.model_pass import ModelPass
    from speceyes.method.specreason import VARIANTS, SpecReasonSettings
    from speceyes.records.passes import by_cell
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    published = by_cell(map(Path, snakemake.input.get("published", ())), "agent")
    variant = VARIANTS[snakemake.wildcards.get("variant", "corrected")]

    def start():
        """The method with its two models, opened, on a pass."""
        agent, draft, model = here.agent(), here.engine("draft"), here.engine("model")
        settings = SpecReasonSettings.model_validate(here.job.settings["specreason"])

        def work(samples, portion):
            engine = recalling(model, published.get(portion.holds.cell, ()))
            method = variant(draft, engine, agent, settings)
            pictures = SharedPictures(portion.images)
            return here.records((method.answering(sample, pictures) for sample in samples), portion)

        return work

    here.run(AgentRecord, start)
