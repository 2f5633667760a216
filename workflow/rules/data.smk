"""Benchmarks: generated (miniature) or downloaded files become validated samples and images; then models may run."""

if CONFIG.miniature is not None:

    rule make_miniature_benchmarks:
        output:
            [directory(folder) for folder in CONFIG.miniature.benchmarks.values()],
            scenes=CONFIG.miniature.scenes,
        log:
            LAYOUT.log("make_miniature_benchmarks"),
        benchmark:
            LAYOUT.times("make_miniature_benchmarks")
        conda:
            "../envs/analysis.yaml"
        threads: 2
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            sizes=CONFIG.miniature.sizes.model_dump(),
            seed=CONFIG.miniature.seed,
            code=code("make_miniature_benchmarks"),
        message:
            "Drawing the miniature's benchmarks"
        script:
            "../scripts/make_miniature_benchmarks.py"


rule index:
    input:
        folder=lambda wildcards: CONFIG.benchmarks[wildcards.benchmark].path,
    output:
        samples=LAYOUT.samples(),
        images=directory(LAYOUT.images()),
    log:
        LAYOUT.log("index/{benchmark}/{split}"),
    benchmark:
        LAYOUT.times("index/{benchmark}/{split}")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        reader=lambda wildcards: CONFIG.benchmarks[wildcards.benchmark].reader,
        settings=lambda wildcards: CONFIG.benchmarks[wildcards.benchmark].settings,
        rows=lambda wildcards: STUDY.rows(wildcards.benchmark, wildcards.split),
        limit=CONFIG.limit,
        code=lambda wildcards: code("index", CONFIG.benchmarks[wildcards.benchmark].reader),
    message:
        "Indexing {wildcards.benchmark}/{wildcards.split}"
    script:
        "../scripts/index.py"


# What is wrong with any split, prompt or agent is known before the first model runs. An agent whose code was edited
# checks it itself: were that checked here, every other model's job would follow.
rule check_inputs:
    input:
        samples=PLAN.samples(),
        drafts=[STUDY.draft_prompts(wording) for wording in STUDY.wordings],
        judge=STUDY.prompts("judge"),
        agents=[STUDY.prompts(agent) for agent in CONFIG.agents],
    output:
        checked=LAYOUT.checked,
    log:
        LAYOUT.log("check_inputs"),
    benchmark:
        LAYOUT.times("check_inputs")
    conda:
        "../envs/models.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        study=STUDY.name,
        agents=JOBS.agents(),
        code=code("check_inputs"),
    message:
        "Checking prompts and agents before any model runs"
    script:
        "../scripts/check_inputs.py"
