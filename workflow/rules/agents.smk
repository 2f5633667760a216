"""Phase I and the baseline: every agent screens every sample and answers it with its tools, once."""


rule screen:
    input:
        samples=PLAN.samples(),
        images=PLAN.images(),
        checked=LAYOUT.checked,
        model=model("screen"),
        prompts=prompts("screen"),
    output:
        update(PLAN.model_tables("screen")),
    log:
        LAYOUT.log("screen"),
    benchmark:
        LAYOUT.times("screen")
    priority: 2
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        **on_gpus("screen"),
        mem_mb=retried(48000),
        runtime=retried(240),
    params:
        study=STUDY.name,
        job=told("screen"),
    message:
        "Screening every split for {wildcards.agent}, shard {wildcards.shard}"
    script:
        "../scripts/screen.py"


rule agent:
    input:
        samples=PLAN.samples(),
        images=PLAN.images(),
        checked=LAYOUT.checked,
        model=model("agent"),
        prompts=prompts("agent"),
    output:
        update(PLAN.model_tables("agent")),
    log:
        LAYOUT.log("agent"),
    benchmark:
        LAYOUT.times("agent")
    priority: 5  # the longest first: short jobs fill the gaps
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        **on_gpus("agent"),
        mem_mb=retried(48000),
        runtime=retried(1440),
    params:
        study=STUDY.name,
        job=told("agent"),
    message:
        "Running {wildcards.agent} on every split, shard {wildcards.shard}"
    script:
        "../scripts/agent.py"


if PLAN.select("corrected"):

    use rule agent as corrected with:
        input:
            samples=PLAN.samples(),
            images=PLAN.images(),
            checked=LAYOUT.checked,
            model=model("corrected"),
            prompts=prompts("corrected"),
            published=tables("agent", "agent"),
        output:
            update(PLAN.model_tables("corrected")),
        log:
            LAYOUT.log("corrected"),
        benchmark:
            LAYOUT.times("corrected")
        priority: 2
        params:
            study=STUDY.name,
            job=told("corrected"),
        message:
            "Running {wildcards.agent} under the corrected protocol on a sample of images"
