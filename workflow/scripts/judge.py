"""Rule judge: every distinct answer of the study, rules first, then one judge for what is left."""

from functools import partial
from pathlib import Path

from speceyes.engines.settings import ServerSettings
from speceyes.judging.cache import ReplyCache
from speceyes.judging.chat import JudgeSetup
from speceyes.judging.client import JudgeClient
from speceyes.judging.judge import judge_all
from speceyes.judging.prompts import load_judge_prompts
from speceyes.judging.questions import distinct, given_answers
from speceyes.judging.server import external_judge, running_judge
from speceyes.judging.settings import ClientSettings
from speceyes.judging.verdicts import write_verdicts
from speceyes.records.samples import read_samples
from speceyes.records.types import AgentRecord, DraftRecord, LiveRecord
from speceyes.runtime.job import job
from speceyes.runtime.provenance import provenance
from speceyes.study.layout import Layout

with job(snakemake.log[0], snakemake.resources.devices):
    samples = {s.sample_id: s for path in snakemake.input.samples for s in read_samples(Path(path))}
    answers = given_answers(map(Path, snakemake.input.drafts), DraftRecord, "text")
    stored = snakemake.input
    for episodes in (stored.agents, stored.corrected, stored.specreason, stored.corrected_specreason):
        answers |= given_answers(map(Path, episodes), AgentRecord, "answer")
    answers |= given_answers(map(Path, snakemake.input.live), LiveRecord, "answer")

    prompts = load_judge_prompts(Path(snakemake.input.prompts))
    judge, identities = snakemake.params.judge, snakemake.params.judge["identities"]
    server = ServerSettings.model_validate(judge["server"])
    client = ClientSettings.model_validate(judge["client"])
    setup = JudgeSetup(server.served_name, prompts.system, prompts.probe, client)
    if judge["url"]:
        open_judge = partial(external_judge, judge["url"], setup)
    else:
        (model,) = snakemake.input.model
        server_log = Path(snakemake.log[0]).with_suffix(".server.log")
        open_judge = partial(running_judge, server, model, server_log, setup)
    cache = ReplyCache(Path(Layout.of(snakemake.params.study).judge_cache), judge["url"] or identities["model"])
    with JudgeClient(open_judge, setup, cache) as asked:
        verdicts = judge_all(distinct(samples, answers), prompts, asked.replies)
    settings = {name: judge[name] for name in ("server", "client", "url")}
    write_verdicts(Path(snakemake.output.verdicts), verdicts, provenance(settings, identities))
