"""Rule load: the agent alone and the funnel over it, asked many questions at once."""

from contextlib import ExitStack
from pathlib import Path

from speceyes.runtime.job import job, use_threads
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices), ExitStack() as open_models:
    from speceyes.agents.base import load_agent
    from speceyes.engines.base import Place
    from speceyes.engines.registry import open_shared
    from speceyes.images import Pictures
    from speceyes.method.load import LoadJob, Service, draw_questions, run_load
    from speceyes.prompts import load_prompts
    from speceyes.records.samples import read_samples
    from speceyes.records.tables import write_table
    from speceyes.records.types import LoadRecord
    from speceyes.runtime.provenance import provenance

    told = LoadJob.model_validate(snakemake.params.job)
    # The models work side by side: the job's cores are shared out between them, before torch is imported.
    use_threads(max(1, snakemake.threads // len(told.engines)))
    agent = load_agent(told.type)(
        Path(snakemake.input.prompts), told.agent_settings, Path(Layout.of(snakemake.params.study).media)
    )
    agent.check_machine()
    models = {
        name: open_models.enter_context(
            open_shared(
                engine,
                Place(told.models[name], snakemake.resources.get("gpu", 0), Path(snakemake.log[0])),
                told.load.largest_batch,
            )
        )
        for name, engine in told.engines.items()
    }
    service = Service(
        name=told.agent,
        agent=agent,
        models={"agent": models["model"], "draft": models["draft"]},
        screening=told.screening,
        prompts=load_prompts(Path(snakemake.input.draft_prompts)),
        settings=told.draft,
    )
    splits = [
        (read_samples(Path(samples)), Pictures(Path(images)))
        for samples, images in zip(snakemake.input.samples, snakemake.input.images, strict=True)
    ]
    questions = draw_questions(splits, told.gates, told.load.questions, told.load.seed)
    records = run_load(service, questions, told.load.arrivals, told.load.repeats, told.load.seed)
    write_table(
        Path(snakemake.output.table),
        LoadRecord,
        records,
        provenance(told.model_dump(mode="json", exclude={"identities"}), told.identities),
    )
