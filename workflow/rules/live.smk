"""The funnel itself at chosen settings: true wall-clock to hold the replay against."""


rule live:
    input:
        samples=LAYOUT.samples(),
        images=LAYOUT.images(),
        checked=CHECKED,
        draft=model("live", "draft"),
        model=model("live"),
        draft_prompts=prompts("live", "draft_prompts"),
        prompts=prompts("live"),
    output:
        table=LAYOUT.passes("live"),
    log:
        LAYOUT.log("live"),
    benchmark:
        LAYOUT.times("live")
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        **on_gpus("live"),
        mem_mb=retried(64000),
        runtime=retried(1440),
    params:
        study=STUDY.name,
        job=told("live"),
    message:
        "Live funnel: {wildcards.agent}, {wildcards.benchmark}/{wildcards.split}, {wildcards.metric} > {wildcards.threshold}"
    script:
        "../scripts/live.py"
