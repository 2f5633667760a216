"""Every answer scored by both scorers; every setting measured; what happened to every sample."""


include: "inputs/metrics.smk"


REPLAYS = {cell: replay_table(*cell) for cell in CELLS}


rule score_answers:
    input:
        tables=paths(answer_tables()),
    output:
        table=f"{TABLES_DIR}/answers.parquet",
    log:
        f"{LOGS}/score_answers.log",
    benchmark:
        f"{TIMES}/score_answers.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        tables=answer_tables(),
        code=code("score_answers.py"),
    message:
        "Scoring every answer under both scorers"
    script:
        "../scripts/score_answers.py"


rule measure_settings:
    input:
        replays=paths(REPLAYS),
        answers=f"{TABLES_DIR}/answers.parquet",
    output:
        settings=report(
            f"{TABLES_DIR}/settings.csv",
            caption="../report/settings.rst",
            category="Tables",
            labels={"table": "every setting"},
        ),
        ledger=report(
            f"{TABLES_DIR}/ledger.csv",
            caption="../report/ledger.rst",
            category="Tables",
            labels={"table": "ledger"},
        ),
    log:
        f"{LOGS}/measure_settings.log",
    benchmark:
        f"{TIMES}/measure_settings.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        replays=REPLAYS,
        statistics=STATISTICS,
        facts=FACTS,
        code=code("measure_settings.py"),
    message:
        "Measuring every setting, with intervals over images"
    script:
        "../scripts/measure_settings.py"


rule outcomes:
    input:
        replays=paths(REPLAYS),
        confidences=[confidence_table(benchmark, split, BATCH) for benchmark, split in SPLITS],
        answers=f"{TABLES_DIR}/answers.parquet",
    output:
        table=f"{TABLES_DIR}/outcomes.parquet",
    log:
        f"{LOGS}/outcomes.log",
    benchmark:
        f"{TIMES}/outcomes.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        tables={
            "replays": REPLAYS,
            "confidences": {
                (benchmark, split): confidence_table(benchmark, split, BATCH) for benchmark, split in SPLITS
            },
            "batch_size": BATCH,
        },
        code=code("outcomes.py"),
    message:
        "Gathering what happened to every sample"
    script:
        "../scripts/outcomes.py"
