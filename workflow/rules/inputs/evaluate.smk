"""The stored passes and the grid that a replay composes."""


def passes(wildcards):
    """The stored passes of one agent on one split, batched ones by batch size, SpecReason by variant."""
    agent, benchmark, split = wildcards.agent, wildcards.benchmark, wildcards.split
    return {
        "samples": samples(wildcards),
        "drafts": {batch: draft_tables(benchmark, split, batch) for batch in batches(benchmark)},
        "confidences": {batch: confidence_table(benchmark, split, batch) for batch in batches(benchmark)},
        "screens": {batch: screen_tables(agent, benchmark, split, batch) for batch in batches(benchmark)},
        "agents": agent_tables(agent, benchmark, split),
        "specreason": {variant: specreason_tables(agent, variant, benchmark, split) for variant in variants(agent)},
    }


def grid(wildcards):
    return {
        "metrics": CONFIG.grid.metrics,
        "top_ks": CONFIG.grid.top_k,
        "thresholds": CONFIG.grid.thresholds[wildcards.benchmark],
        "batch_sizes": batches(wildcards.benchmark),
        "operating_points": CONFIG.operating_points[wildcards.agent][wildcards.benchmark],
        "main_top_k": CONFIG.grid.main_top_k,
        "main_batch_size": BATCH,
    }
