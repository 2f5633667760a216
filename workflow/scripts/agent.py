"""Rules agent and corrected: whole tool loops; what another protocol's tables answer already is not asked again."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    from speceyes.agents.recall import recalling
    from speceyes.agents.run import answering
    from speceyes.images import SharedPictures
    from speceyes.method.model_pass import ModelPass
    from speceyes.records.passes import by_cell
    from speceyes.records.types import AgentRecord

    here = ModelPass.of(snakemake, Layout.of(snakemake.params.study))
    published = by_cell(map(Path, snakemake.input.get("published", ())), "agent")

    def start():
        """The agent and its model, opened, on a pass."""
        agent, model = here.agent(), here.engine("model")

        def work(samples, portion):
            engine = recalling(model, published.get(portion.holds.cell, ()))
            pictures = SharedPictures(portion.images)
            return here.records((answering(engine, agent, sample, pictures) for sample in samples), portion)

        return work

    here.run(AgentRecord, start)
