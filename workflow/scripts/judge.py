"""Rule judge: every distinct answer of the study, rules first, then one judge for what is left."""

import contextlib
from pathlib import Path

from snakemake.script import snakemake
from speceyes.job import job
from speceyes.judging.client import JudgeClient
from speceyes.judging.questions import distinct
from speceyes.judging.scorers import load_judge_prompts
from speceyes.judging.server import external_url, running_server
from speceyes.judging.settings import ClientSettings, ServerSettings
from speceyes.judging.verdicts import judge_all, write_verdicts
from speceyes.provenance import provenance
from speceyes.records import AgentRecord, DraftRecord, LiveRecord, read_table
from speceyes.samples import read_samples

with job(snakemake.log[0], snakemake.resources.get("gpu", 0)):
    params = snakemake.params
    samples = {s.sample_id: s for path in snakemake.input.samples for s in read_samples(Path(path))}
    answers = {(r.sample_id, r.text) for path in snakemake.input.drafts for r in read_table(Path(path), DraftRecord)}
    for path in (*snakemake.input.agents, *snakemake.input.specreason):
        answers |= {(r.sample_id, r.answer) for r in read_table(Path(path), AgentRecord)}
    for path in snakemake.input.live:
        answers |= {(r.sample_id, r.answer) for r in read_table(Path(path), LiveRecord)}

    server = ServerSettings.model_validate(params.server)
    client_settings = ClientSettings.model_validate(params.client)
    identity = params.inputs["model"]

    def client_at(url: str) -> JudgeClient:
        return JudgeClient(url, server.served_name, identity, Path(params.cache), client_settings)

    @contextlib.contextmanager
    def open_judge():
        source = (
            external_url(params.url)
            if params.url
            else running_server(server, str(Path(params.model)), Path(snakemake.log[0]).with_suffix(".server.log"))
        )
        with source as url:
            yield client_at(url)

    verdicts = judge_all(
        distinct(samples, answers), load_judge_prompts(Path(snakemake.input.prompts)), client_at(""), open_judge
    )
    settings = {"server": params.server, "client": params.client, "url": params.url}
    write_verdicts(Path(snakemake.output.verdicts), verdicts, provenance(settings, params.inputs))
