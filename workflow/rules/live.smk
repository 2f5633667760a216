"""The funnel itself at chosen settings: true wall-clock to hold the replay against."""

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
            "The funnel live with {wildcards.agent} on every split"
        script:
            "../scripts/live.py"
