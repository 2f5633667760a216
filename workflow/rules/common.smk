"""The validated configuration, and the names, paths and parameters that rules share."""

import sys

# This workflow's folder, also where another workflow imports it as a module.
WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
SCRIPTS = WORKFLOW / "scripts"
sys.path.insert(0, str(SCRIPTS))

from speceyes.agents.base import load_agent, told_settings
from speceyes.study.config import ConfigError, load_config
from speceyes.runtime.fingerprint import Code, fingerprint
from speceyes.runtime.provenance import file_identity, model_identity
from snakemake.exceptions import WorkflowError

try:
    CONFIG = load_config({key: value for key, value in config.items()})
except ConfigError as error:
    raise WorkflowError(str(error)) from None

STUDY = CONFIG.study
RESULTS = f"results/{STUDY}"
LOGS = f"{RESULTS}/logs"
TIMES = f"{RESULTS}/benchmarks"
JOURNALS = f"{RESULTS}/journals"
MEDIA = f"{RESULTS}/media"

SPLITS = [(benchmark, split) for benchmark, settings in CONFIG.benchmarks.items() for split in settings.splits]
BATCH = CONFIG.draft.batch_size


scattergather:
    draft=CONFIG.shards.draft,
    screen=CONFIG.shards.screen,
    agent=CONFIG.shards.agent,
    specreason=CONFIG.shards.specreason,


wildcard_constraints:
    benchmark="|".join(CONFIG.benchmarks),
    split="|".join({split for _, split in SPLITS}),
    agent="|".join(CONFIG.agents),
    metric="min|mean|bottom20|log",
    variant="published|corrected",
    top_k=r"\d+",
    threshold=r"0\.\d+",
    batch=r"\d+",


def code(script, *modules, without=()):
    """Fingerprint of a rule's script with the modules it loads by name, some library modules left out."""
    return fingerprint(Code(SCRIPTS / script, tuple(module.partition(":")[0] for module in modules), tuple(without)))


def identity(path):
    """What a model folder or a prompt file holds; 'absent' until it is downloaded, so ask when the job's turn comes."""
    path = Path(path)
    if path.is_dir():
        return model_identity(path)
    return file_identity(path) if path.is_file() else "absent"


def model(name):
    return CONFIG.models[name]


def engine(name):
    return model(name).engine.model_dump(mode="json")


def agent_model(wildcards):
    return CONFIG.agents[wildcards.agent].model


def agent_settings(wildcards):
    """An agent's settings; one that must know its view is told what its engine sees."""
    agent = CONFIG.agents[wildcards.agent]
    return told_settings(load_agent(agent.type), agent.settings, image=engine(agent.model)["image"])


def prompts(name):
    return f"{CONFIG.prompts}/{name}.yaml"


def batches(benchmark):
    """The default batch size and those of the batch-size ablation."""
    return sorted({BATCH, *CONFIG.grid.batch_sizes.get(benchmark, ())})


def samples(wildcards):
    return f"{RESULTS}/index/{wildcards.benchmark}/{wildcards.split}/samples.parquet"


def images(wildcards):
    return f"{RESULTS}/index/{wildcards.benchmark}/{wildcards.split}/images"


def draft_tables(benchmark, split, batch):
    return gather.draft(f"{RESULTS}/draft/{benchmark}/{split}/b{batch}/{{scatteritem}}.parquet")


def screen_tables(agent, benchmark, split, batch):
    return gather.screen(f"{RESULTS}/screen/{agent}/{benchmark}/{split}/b{batch}/{{scatteritem}}.parquet")


def agent_tables(agent, benchmark, split):
    return gather.agent(f"{RESULTS}/agent/{agent}/{benchmark}/{split}/{{scatteritem}}.parquet")


def specreason_tables(agent, variant, benchmark, split):
    return gather.specreason(f"{RESULTS}/specreason/{agent}/{variant}/{benchmark}/{split}/{{scatteritem}}.parquet")


def confidence_table(benchmark, split, batch):
    return f"{RESULTS}/confidence/{benchmark}/{split}/b{batch}.parquet"


def replay_table(agent, benchmark, split):
    return f"{RESULTS}/replay/{agent}/{benchmark}/{split}.parquet"


def variants(agent):
    """SpecReason's variants on an agent."""
    return CONFIG.specreason.variants if agent in CONFIG.specreason.agents else ()


def all_screens():
    return [
        screen_tables(agent, benchmark, split, batch)
        for agent in CONFIG.agents
        for benchmark, split in SPLITS
        for batch in batches(benchmark)
    ]


CELLS = [(agent, benchmark, split) for agent in CONFIG.agents for benchmark, split in SPLITS]


def live_runs():
    """The main table's settings that also run live: (agent, benchmark, split, metric, threshold, batch size)."""
    return [
        (
            agent,
            benchmark,
            split,
            metric,
            CONFIG.operating_points[agent][benchmark][metric],
            batch,
        )
        for agent, benchmark, split in CELLS
        for metric in CONFIG.live.metrics
        for batch in CONFIG.live.batch_sizes
    ]


def live_table(agent, benchmark, split, metric, threshold, batch):
    return (
        f"{RESULTS}/live/{agent}/{benchmark}/{split}/"
        f"{metric}-k{CONFIG.grid.main_top_k}-t{threshold}-b{batch}.parquet"
    )


def live_tables():
    return [live_table(*run) for run in live_runs()]


def paths(nested):
    """All paths in nested mappings and lists: what a rule reads when its parameters say which file is which."""
    if isinstance(nested, str):
        return [nested]
    children = nested.values() if isinstance(nested, dict) else nested
    return [path for child in children for path in paths(child)]


def counts():
    """Questions per split, as captions print them."""
    known = [(b, s, CONFIG.benchmarks[b].splits[s]) for b, s in SPLITS]
    return ", ".join(f"{b}/{s} {n if n else 'as indexed'}" for b, s, n in known)


def main_thresholds():
    """The main table's thresholds of the ablated metric, as captions print them."""
    metric = "min" if "min" in CONFIG.grid.metrics else CONFIG.grid.metrics[0]
    return f"{metric} > " + "; ".join(
        f"{agent}: " + ", ".join(f"{b} {points[b][metric]}" for b in CONFIG.benchmarks)
        for agent, points in CONFIG.operating_points.items()
        if agent in CONFIG.agents
    )


# What every caption prints beside its own words.
FACTS = {
    "n": counts(),
    "thresholds": main_thresholds(),
    "top_k": CONFIG.grid.main_top_k,
    "batch_size": BATCH,
    "level": f"{100 * CONFIG.statistics.level:g} %",
    "resamples": CONFIG.statistics.resamples,
    "comparable": CONFIG.comparable,
}
STATISTICS = CONFIG.statistics.model_dump(mode="json")
TABLES_DIR = f"{RESULTS}/tables"
FIGURES_DIR = f"{RESULTS}/figures"
