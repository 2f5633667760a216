"""Throughput under load: many questions at once, to the agent alone and to the funnel over it."""

if PLAN.load_tables:

    rule load:
        input:
            samples=PLAN.samples(),
            images=PLAN.images(),
            checked=LAYOUT.checked,
            draft=model("live", "draft"),
            model=model("live"),
            draft_prompts=prompts("live", "draft_prompts"),
            prompts=prompts("live"),
        output:
            table=LAYOUT.load(),
        log:
            LAYOUT.log("load/{agent}"),
        benchmark:
            LAYOUT.times("load/{agent}")
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
            job=lambda wildcards: JOBS.load(wildcards.agent),
        message:
            "Load on {wildcards.agent}, alone and behind the funnel"
        script:
            "../scripts/load.py"
