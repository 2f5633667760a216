"""The study, validated and planned, and the input functions with which rules ask it."""

import re

from speceyes.engines.access import KeyMissingError
from speceyes.records.passes import COMMON
from speceyes.study.captions import Captions
from speceyes.study.config import ConfigError, check_files, load_config
from speceyes.study.downloads import DATASETS, MODELS, Downloads
from speceyes.study.jobs import Jobs, code
from speceyes.study.plan import Plan
from speceyes.study.study import Study

try:
    check_files(workflow.configfiles)
    STUDY = Study(load_config({key: value for key, value in config.items()}))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

CONFIG = STUDY.config
LAYOUT = STUDY.layout
PLAN = Plan(STUDY)
JOBS = Jobs(STUDY)
DOWNLOADS = Downloads(STUDY)
CAPTIONS = Captions(STUDY)


def any_of(names):
    """A regular expression for one of these names; for none, one that nothing matches."""
    return "|".join(map(re.escape, dict.fromkeys(names))) or "(?!)"


wildcard_constraints:
    benchmark=any_of(CONFIG.benchmarks),
    split=any_of(split for _, split in STUDY.splits),
    agent=any_of(CONFIG.agents),
    wording=any_of(STUDY.wordings),
    metric=any_of(CONFIG.grid.metrics),
    variant=any_of(CONFIG.specreason.variants),
    top_k=r"\d+",
    threshold=r"\d(\.\d+)?(e-\d+)?",
    batch=r"\d+",
    shard=r"\d+-of-\d+",
    table=any_of(PLAN.made_tables),
    figure=any_of(PLAN.figures),
    dataset=any_of(DOWNLOADS.datasets),
    model=any_of(DOWNLOADS.models),


def tables(stage, *names):
    """The tables of all passes of a stage that have these wildcards in common with the job."""
    return lambda wildcards: PLAN.tables(stage, **{name: wildcards[name] for name in names})


def drafts(stage):
    """The tables of draft answers, or of their confidences, in whose words an agent's funnel asks."""
    return lambda wildcards: PLAN.tables(
        stage, wording=STUDY.wording(wildcards.agent), benchmark=wildcards.benchmark, split=wildcards.split
    )


def model(stage, name="model"):
    """The folder of a model that a stage's job loads; none where a server holds it already."""
    return lambda wildcards: STUDY.models(stage, wildcards.get("agent", ""))[name].weights


def prompts(stage, name="prompts"):
    """A prompt file that a stage's job reads."""
    return lambda wildcards: STUDY.prompt_files(stage, wildcards.get("agent", ""))[name]


def told(stage):
    """What a job that runs models is told."""
    return lambda wildcards: JOBS.model_pass(stage, dict(wildcards.items()))


def whole_machine(wildcards):
    """Threads of a job beside which no other runs here: Snakemake knows how many only when jobs are planned."""
    return workflow.cores if workflow.local_exec else 1


def retried(amount):
    """A resource that grows with every attempt."""
    return lambda wildcards, attempt: amount * attempt


def check_keys():
    """Refuse a run that will ask a judge or a served model without the key that the configuration names."""
    planned = [(job.rule.name, job.wildcards_dict.get("agent", "")) for job in workflow.dag.needrun_jobs()]
    try:
        JOBS.check_keys(planned)
    except KeyMissingError as error:
        raise WorkflowError(str(error)) from None
