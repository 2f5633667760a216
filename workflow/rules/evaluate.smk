"""Replay: every setting of the grid composed from the stored passes, without running a model."""


def passes(wildcards):
    """The stored passes of one agent on one split, batched ones by batch size, SpecReason by variant."""
    agent, benchmark, split = wildcards.agent, wildcards.benchmark, wildcards.split
    return {
        "samples": samples(wildcards),
        "drafts": {
            batch: draft_tables(benchmark, split, batch) for batch in batches(benchmark)
        },
        "confidences": {
            batch: confidence_table(benchmark, split, batch)
            for batch in batches(benchmark)
        },
        "screens": {
            batch: screen_tables(agent, benchmark, split, batch)
            for batch in batches(benchmark)
        },
        "agents": agent_tables(agent, benchmark, split),
        "specreason": {
            variant: specreason_tables(agent, variant, benchmark, split)
            for variant in variants(agent)
        },
    }


def grid(wildcards):
    return {
        "metrics": CONFIG.grid.metrics,
        "top_ks": CONFIG.grid.top_k,
        "thresholds": CONFIG.grid.thresholds[wildcards.benchmark],
        "batch_sizes": batches(wildcards.benchmark),
        "operating_points": CONFIG.operating_points[wildcards.agent][
            wildcards.benchmark
        ],
        "main_top_k": CONFIG.grid.main_top_k,
        "main_batch_size": BATCH,
    }


rule replay:
    input:
        passes=lambda wildcards: paths(passes(wildcards)),
    output:
        table=f"{RESULTS}/replay/{{agent}}/{{benchmark}}/{{split}}.parquet",
    log:
        f"{LOGS}/replay/{{agent}}/{{benchmark}}/{{split}}.log",
    benchmark:
        f"{TIMES}/replay/{{agent}}/{{benchmark}}/{{split}}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        passes=passes,
        grid=grid,
        code=code("replay.py"),
    message:
        "Replaying the grid: {wildcards.agent} on {wildcards.benchmark}/{wildcards.split}"
    script:
        "../scripts/replay.py"
