"""By the clock, alone on the machine: every step on the timed samples, and the funnel itself at chosen settings."""


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
        update(PLAN.model_tables("timing")),
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
    message:
        "Timing every step with {wildcards.agent}, nothing else at work"
    script:
        "../scripts/timing.py"


if PLAN.select("live"):

    rule live:
        input:
            samples=PLAN.samples(),
            images=PLAN.images(),
            checked=LAYOUT.checked,
            draft=model("live", "draft"),
            model=model("live"),
            draft_prompts=prompts("live", "draft_prompts"),
            prompts=prompts("live"),
        output:
            update(PLAN.model_tables("live")),
        log:
            LAYOUT.log("live"),
        benchmark:
            LAYOUT.times("live")
        priority: 6
        conda:
            "../envs/models.yaml"
        threads: whole_machine
        resources:
            **timed_on_gpus("live"),
            mem_mb=retried(64000),
            runtime=retried(1440),
        params:
            study=STUDY.name,
            job=told("live"),
        message:
            "The funnel live with {wildcards.agent} on every split"
        script:
            "../scripts/live.py"
