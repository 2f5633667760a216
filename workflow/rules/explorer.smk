"""The explorer: from any number down to the picture that was cropped, in a page that works offline."""


rule explorer:
    input:
        samples=PLAN.samples(),
        images=PLAN.images(),
        drafts=tables("draft"),
        confidences=tables("confidence"),
        screens=tables("screen"),
        agents=tables("agent"),
        timing=tables("timing"),
        answers=LAYOUT.answers,
        verdicts=LAYOUT.verdicts,
        settings=LAYOUT.table("settings"),
        category_scores=LAYOUT.table("category_scores"),
    output:
        page=LAYOUT.explorer(),
        apart=[LAYOUT.explorer(benchmark) for benchmark in PLAN.explorer_pages],
    log:
        LAYOUT.log("explorer"),
    benchmark:
        LAYOUT.times("explorer")
    priority: 1  # the longest of those that wait for the tables
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        study=STUDY.name,
        comparable=CONFIG.comparable,
        epsilon=CONFIG.statistics.epsilon,
        apart=PLAN.explorer_pages,
        page=JOBS.page_sources(),
        code=code("explorer"),
    message:
        "Writing the explorer"
    script:
        "../scripts/explorer.py"
