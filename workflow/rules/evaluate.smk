"""Replay and measure: every setting from the stored passes, every answer scored, no model run."""


rule replay:
    input:
        samples=LAYOUT.samples(),
        drafts=drafts("draft"),
        confidences=drafts("confidence"),
        alone=lambda wildcards: PLAN.tables(
            "draft", wording=COMMON, benchmark=wildcards.benchmark, split=wildcards.split
        ),
        screens=tables("screen", "agent", "benchmark", "split"),
        agents=tables("agent", "agent", "benchmark", "split"),
        specreason=tables("specreason", "agent", "benchmark", "split"),
        timing=LAYOUT.passes("timing"),
    output:
        table=LAYOUT.passes("replay"),
    log:
        LAYOUT.log("replay"),
    benchmark:
        LAYOUT.times("replay")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        grid=lambda wildcards: STUDY.grid(wildcards.agent, wildcards.benchmark).model_dump(mode="json"),
        code=code("replay"),
    message:
        "Replaying the grid: {wildcards.agent} on {wildcards.benchmark}/{wildcards.split}"
    script:
        "../scripts/replay.py"


rule score_answers:
    input:
        samples=PLAN.samples(),
        drafts=tables("draft"),
        agents=tables("agent"),
        corrected=tables("corrected"),
        specreason=tables("specreason"),
        corrected_specreason=tables("corrected_specreason"),
        timing=tables("timing"),
        verdicts=LAYOUT.verdicts,
    output:
        table=LAYOUT.answers,
    log:
        LAYOUT.log("score_answers"),
    benchmark:
        LAYOUT.times("score_answers")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        code=code("score_answers"),
    message:
        "Scoring every answer under both scorers"
    script:
        "../scripts/score_answers.py"


rule measure_settings:
    input:
        replays=tables("replay"),
        answers=LAYOUT.answers,
    output:
        settings=report(
            LAYOUT.table("settings"),
            caption="../report/settings.rst",
            category="Tables",
            labels={"table": CAPTIONS.title("settings")},
        ),
        ledger=report(
            LAYOUT.table("ledger"),
            caption="../report/ledger.rst",
            category="Tables",
            labels={"table": CAPTIONS.title("ledger")},
        ),
    log:
        LAYOUT.log("measure_settings"),
    benchmark:
        LAYOUT.times("measure_settings")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        statistics=CONFIG.statistics.model_dump(mode="json"),
        captions={name: CAPTIONS.of_table(name) for name in ("settings", "ledger")},
        code=code("measure_settings"),
    message:
        "Measuring every setting, with intervals over images"
    script:
        "../scripts/measure_settings.py"


rule outcomes:
    input:
        replays=tables("replay"),
        confidences=tables("confidence"),
        answers=LAYOUT.answers,
    output:
        table=LAYOUT.outcomes,
    log:
        LAYOUT.log("outcomes"),
    benchmark:
        LAYOUT.times("outcomes")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        batch_sizes={benchmark: STUDY.batch(benchmark) for benchmark in CONFIG.benchmarks},
        code=code("outcomes"),
    message:
        "Gathering what happened to every sample"
    script:
        "../scripts/outcomes.py"
