"""Whether the explorer is one page or one per benchmark, and what it reads."""

from speceyes.pages.explorer.sources import PAGE_SAMPLES


def pages_apart():
    """A page per benchmark, where the study has more samples than one page holds or does not know how many."""
    sizes = [CONFIG.benchmarks[benchmark].splits[split] for benchmark, split in SPLITS]
    if None not in sizes and sum(sizes) <= PAGE_SAMPLES:
        return {}
    return {benchmark: f"{RESULTS}/explorer-{benchmark}.html" for benchmark in CONFIG.benchmarks}


def explored_passes(benchmark, split):
    """The stored passes of one split."""
    index = f"{RESULTS}/index/{benchmark}/{split}"
    return {
        "samples": f"{index}/samples.parquet",
        "images": f"{index}/images",
        "drafts": {batch: draft_tables(benchmark, split, batch) for batch in batches(benchmark)},
        "confidences": {batch: confidence_table(benchmark, split, batch) for batch in batches(benchmark)},
        "screens": {
            agent: {batch: screen_tables(agent, benchmark, split, batch) for batch in batches(benchmark)}
            for agent in CONFIG.agents
        },
        "agents": {agent: agent_tables(agent, benchmark, split) for agent in CONFIG.agents},
    }
