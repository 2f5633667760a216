"""The validated configuration, and the names, paths and parameters that rules share."""

import sys

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from speceyes.config import ConfigError, load_config
from speceyes.fingerprint import fingerprint
from speceyes.provenance import file_identity, model_identity
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
SCRIPTS = Path(workflow.basedir) / "scripts"
ENVS = "../envs"

SPLITS = [
    (benchmark, split)
    for benchmark, settings in CONFIG.benchmarks.items()
    for split in settings.splits
]
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


def code(script, *modules):
    """Fingerprint of a rule's script with the modules it loads by name."""
    return fingerprint(SCRIPTS / script, [module.partition(":")[0] for module in modules])


def identity(path):
    """What a model folder or a prompt file holds; 'absent' until it is downloaded."""
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
    """An agent's settings; those with a view of their own see what their engine sees."""
    settings = CONFIG.agents[wildcards.agent].settings
    return {**settings, "image": engine(agent_model(wildcards))["image"]} if wildcards.agent == "deepeyes" else settings


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
    return gather.specreason(
        f"{RESULTS}/specreason/{agent}/{variant}/{benchmark}/{split}/{{scatteritem}}.parquet"
    )


def live_tables():
    """The main table's settings that also run live."""
    return [
        f"{RESULTS}/live/{agent}/{benchmark}/{split}/"
        f"{metric}-k{CONFIG.grid.main_top_k}-t{points[benchmark][metric]}-b{batch}.parquet"
        for agent, points in CONFIG.operating_points.items()
        if agent in CONFIG.agents
        for benchmark, split in SPLITS
        for metric in CONFIG.live.metrics
        for batch in CONFIG.live.batch_sizes
    ]


def all_specreason_tables():
    return [
        table
        for agent in CONFIG.specreason.agents
        for variant in CONFIG.specreason.variants
        for benchmark, split in SPLITS
        for table in specreason_tables(agent, variant, benchmark, split)
    ]
