"""Phase I and the baseline: every agent screens every sample and answers it with its tools, once."""


rule screen:
    input:
        samples=LAYOUT.samples(),
        images=LAYOUT.images(),
        checked=CHECKED,
        model=model("screen"),
        prompts=prompts("screen"),
    output:
        table=LAYOUT.passes("screen"),
    log:
        LAYOUT.log("screen"),
    benchmark:
        LAYOUT.times("screen")
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
        "Screening {wildcards.benchmark}/{wildcards.split} for {wildcards.agent}, batch {wildcards.batch}"
    script:
        "../scripts/screen.py"


rule agent:
    input:
        samples=LAYOUT.samples(),
        images=LAYOUT.images(),
        checked=CHECKED,
        model=model("agent"),
        prompts=prompts("agent"),
    output:
        table=LAYOUT.passes("agent"),
    log:
        LAYOUT.log("agent"),
    benchmark:
        LAYOUT.times("agent")
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
        "Running {wildcards.agent} on {wildcards.benchmark}/{wildcards.split}, shard {wildcards.shard}"
    script:
        "../scripts/agent.py"
