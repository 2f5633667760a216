"""By the clock, alone on the machine: every step on the timed samples, the funnel at chosen settings, both under load."""


rule timing:
    input:
        samples=PLAN.samples(),
        images=PLAN.images(),
        checked=LAYOUT.checked,
        draft=model("timing", "draft"),
        model=model("timing"),
        draft_prompts=prompts("timing", "draft_prompts"),
        prompts=prompts("timing"),
    output:
        update(PLAN.clock_tables),
    log:
        LAYOUT.log("timing"),
    benchmark:
        LAYOUT.times("timing")
    priority: 6  # all timed jobs first, when nothing needs to end before they have the machine to themselves
    conda:
        "../envs/models.yaml"
    threads: whole_machine
    resources:
        **timed_on_gpus("timing"),
        mem_mb=retried(64000),
        runtime=retried(1440),
    params:
        study=STUDY.name,
        job=told("timing"),
        live=told("live"),
        load=lambda wildcards: JOBS.load(wildcards.agent),
    message:
        "Timing {wildcards.agent}, nothing else at work: every step, the funnel live, both under load"
    script:
        "../scripts/timing.py"
