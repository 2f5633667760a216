"""The explorer: from any number down to the picture that was cropped, in a page that works offline."""

from speceyes.explorer.sources import PAGE_SAMPLES


def pages_apart():
    """A page per benchmark, where the study has more samples than one page holds or does not know how many."""
    sizes = [CONFIG.benchmarks[benchmark].splits[split] for benchmark, split in SPLITS]
    if None not in sizes and sum(sizes) <= PAGE_SAMPLES:
        return {}
    return {
        benchmark: f"{RESULTS}/explorer-{benchmark}.html"
        for benchmark in CONFIG.benchmarks
    }


def explored_passes(benchmark, split):
    """The stored passes of one split."""
    index = f"{RESULTS}/index/{benchmark}/{split}"
    return {
        "samples": f"{index}/samples.parquet",
        "images": f"{index}/images",
        "drafts": {
            batch: draft_tables(benchmark, split, batch) for batch in batches(benchmark)
        },
        "confidences": {
            batch: confidence_table(benchmark, split, batch)
            for batch in batches(benchmark)
        },
        "screens": {
            agent: {
                batch: screen_tables(agent, benchmark, split, batch)
                for batch in batches(benchmark)
            }
            for agent in CONFIG.agents
        },
        "agents": {
            agent: agent_tables(agent, benchmark, split) for agent in CONFIG.agents
        },
    }


EXPLORED = {
    "answers": f"{TABLES_DIR}/answers.parquet",
    "verdicts": f"{RESULTS}/judge/verdicts.parquet",
    "settings": f"{TABLES_DIR}/settings.csv",
    "splits": {
        (benchmark, split): explored_passes(benchmark, split)
        for benchmark, split in SPLITS
    },
}
EXPLORER = f"{RESULTS}/explorer.html"


rule explorer:
    input:
        tables=paths(EXPLORED),
    output:
        page=EXPLORER,
        apart=list(pages_apart().values()),
    log:
        f"{LOGS}/explorer.log",
    benchmark:
        f"{TIMES}/explorer.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        study=STUDY,
        comparable=CONFIG.comparable,
        media=MEDIA,
        tables=EXPLORED,
        apart=pages_apart(),
        page=identity(SCRIPTS / "speceyes" / "explorer" / "static"),
        code=code("explorer.py"),
    message:
        "Writing the explorer"
    script:
        "../scripts/explorer.py"
