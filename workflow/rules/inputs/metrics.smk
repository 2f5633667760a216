"""Where answers come from."""

METHODS = {"published": "specreason", "corrected": "specreason-corrected"}


def answer_tables():
    """Where answers come from: drafts by batch size, agents by name, SpecReason by (agent, method)."""
    drafted = sorted({batch for benchmark in CONFIG.benchmarks for batch in batches(benchmark)})
    return {
        "samples": [f"{RESULTS}/index/{benchmark}/{split}/samples.parquet" for benchmark, split in SPLITS],
        "drafts": {
            batch: paths(
                draft_tables(benchmark, split, batch) for benchmark, split in SPLITS if batch in batches(benchmark)
            )
            for batch in drafted
        },
        "agents": {
            agent: paths(agent_tables(agent, benchmark, split) for benchmark, split in SPLITS)
            for agent in CONFIG.agents
        },
        "specreason": {
            (agent, METHODS[variant]): paths(
                specreason_tables(agent, variant, benchmark, split) for benchmark, split in SPLITS
            )
            for agent in CONFIG.agents
            for variant in variants(agent)
        },
        "verdicts": f"{RESULTS}/judge/verdicts.parquet",
    }
