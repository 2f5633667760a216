"""Tables for people: the paper's Table 1, doubt, recommendations, ours beside the published, checks."""


include: "inputs/tables.smk"


POINTS = [
    {"agent": agent, "benchmark": benchmark, "metric": metric, "threshold": threshold}
    for agent in CONFIG.agents
    for benchmark in CONFIG.benchmarks
    for metric, threshold in CONFIG.operating_points[agent][benchmark].items()
]
GATES = [
    (metric, top_k) for metric in CONFIG.grid.metrics for top_k in sorted({*CONFIG.grid.top_k, CONFIG.grid.main_top_k})
]
TABLES = [
    f"{TABLES_DIR}/{name}.csv"
    for name in (
        "settings",
        "ledger",
        "main_table",
        "published_vs_ours",
        "scorer_effects",
        "confidence_quality",
        "deferral",
        "pareto",
        "recommended_threshold",
        "provenance",
        *(("live_vs_replay",) if live_runs() else ()),
        "specreason_steps",
    )
]
PUBLISHED = str(WORKFLOW.parent / "resources" / "published")


rule main_table:
    input:
        settings=f"{TABLES_DIR}/settings.csv",
        specreason_steps=f"{TABLES_DIR}/specreason_steps.csv",
    output:
        csv=report(
            f"{TABLES_DIR}/main_table.csv",
            caption="../report/main_table.rst",
            category="Table 1",
            labels={"table": "Table 1"},
        ),
        markdown=f"{TABLES_DIR}/main_table.md",
        latex=f"{TABLES_DIR}/main_table.tex",
    log:
        f"{LOGS}/main_table.log",
    benchmark:
        f"{TIMES}/main_table.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        facts=FACTS,
        code=code("main_table.py"),
    message:
        "Setting Table 1"
    script:
        "../scripts/main_table.py"


rule published_vs_ours:
    input:
        settings=f"{TABLES_DIR}/settings.csv",
        published=PUBLISHED,
    output:
        table=report(
            f"{TABLES_DIR}/published_vs_ours.csv",
            caption="../report/published_vs_ours.rst",
            category="Tables",
            labels={"table": "ours beside the published"},
        ),
    log:
        f"{LOGS}/published_vs_ours.log",
    benchmark:
        f"{TIMES}/published_vs_ours.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        comparable=CONFIG.comparable,
        facts=FACTS,
        code=code("published_vs_ours.py"),
    message:
        "Holding the paper's numbers against ours"
    script:
        "../scripts/published_vs_ours.py"


rule scorer_effects:
    input:
        answers=f"{TABLES_DIR}/answers.parquet",
    output:
        table=report(
            f"{TABLES_DIR}/scorer_effects.csv",
            caption="../report/scorer_effects.rst",
            category="Tables",
            labels={"table": "effect of each scorer rule"},
        ),
    log:
        f"{LOGS}/scorer_effects.log",
    benchmark:
        f"{TIMES}/scorer_effects.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        facts=FACTS,
        code=code("scorer_effects.py"),
    message:
        "Measuring what the scorers' differences do"
    script:
        "../scripts/scorer_effects.py"


rule confidence_quality:
    input:
        outcomes=f"{TABLES_DIR}/outcomes.parquet",
    output:
        table=report(
            f"{TABLES_DIR}/confidence_quality.csv",
            caption="../report/confidence_quality.rst",
            category="Tables",
            labels={"table": "quality of each confidence"},
        ),
    log:
        f"{LOGS}/confidence_quality.log",
    benchmark:
        f"{TIMES}/confidence_quality.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        gates=GATES,
        statistics=STATISTICS,
        facts=FACTS,
        code=code("confidence_quality.py"),
    message:
        "Measuring how well each confidence tells right from wrong"
    script:
        "../scripts/confidence_quality.py"


rule deferral:
    input:
        outcomes=f"{TABLES_DIR}/outcomes.parquet",
    output:
        table=report(
            f"{TABLES_DIR}/deferral.csv",
            caption="../report/deferral.rst",
            category="Tables",
            labels={"table": "deferral curves"},
        ),
    log:
        f"{LOGS}/deferral.log",
    benchmark:
        f"{TIMES}/deferral.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        metrics=list(CONFIG.grid.metrics),
        top_k=CONFIG.grid.main_top_k,
        statistics=STATISTICS,
        facts=FACTS,
        code=code("deferral.py"),
    message:
        "Drawing up deferral curves"
    script:
        "../scripts/deferral.py"


rule pareto:
    input:
        settings=f"{TABLES_DIR}/settings.csv",
    output:
        table=report(
            f"{TABLES_DIR}/pareto.csv",
            caption="../report/pareto.rst",
            category="Tables",
            labels={"table": "cost-accuracy front"},
        ),
    log:
        f"{LOGS}/pareto.log",
    benchmark:
        f"{TIMES}/pareto.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        facts=FACTS,
        code=code("pareto.py"),
    message:
        "Finding dominated settings"
    script:
        "../scripts/pareto.py"


rule recommended_threshold:
    input:
        outcomes=f"{TABLES_DIR}/outcomes.parquet",
    output:
        table=report(
            f"{TABLES_DIR}/recommended_threshold.csv",
            caption="../report/recommended_threshold.rst",
            category="Tables",
            labels={"table": "recommended threshold"},
        ),
    log:
        f"{LOGS}/recommended_threshold.log",
    benchmark:
        f"{TIMES}/recommended_threshold.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        points=POINTS,
        top_k=CONFIG.grid.main_top_k,
        statistics=STATISTICS,
        facts=FACTS,
        code=code("recommended_threshold.py"),
    message:
        "Choosing thresholds on calibration images"
    script:
        "../scripts/recommended_threshold.py"


rule live_vs_replay:
    input:
        answers=f"{TABLES_DIR}/answers.parquet",
        runs=paths([run[name] for run in compared_runs() for name in ("table", "replay", "confidence")]),
    output:
        table=report(
            f"{TABLES_DIR}/live_vs_replay.csv",
            caption="../report/live_vs_replay.rst",
            category="Tables",
            labels={"table": "live against replay"},
        ),
    log:
        f"{LOGS}/live_vs_replay.log",
    benchmark:
        f"{TIMES}/live_vs_replay.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        runs=compared_runs(),
        facts=FACTS,
        code=code("live_vs_replay.py"),
    message:
        "Holding the live funnel against its replay"
    script:
        "../scripts/live_vs_replay.py"


rule specreason_steps:
    input:
        tables=paths(specreason_runs()),
    output:
        table=report(
            f"{TABLES_DIR}/specreason_steps.csv",
            caption="../report/specreason_steps.rst",
            category="Tables",
            labels={"table": "SpecReason's steps"},
        ),
    log:
        f"{LOGS}/specreason_steps.log",
    benchmark:
        f"{TIMES}/specreason_steps.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        tables=specreason_runs(),
        facts=FACTS,
        code=code("specreason_steps.py"),
    message:
        "Counting SpecReason's steps"
    script:
        "../scripts/specreason_steps.py"
