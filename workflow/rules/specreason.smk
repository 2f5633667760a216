"""The peer method: the draft proposes steps, the agent's model scores them."""

if PLAN.select("specreason"):

    rule specreason:
        input:
            samples=PLAN.samples(),
            images=PLAN.images(),
            checked=LAYOUT.checked,
            draft=model("specreason", "draft"),
            model=model("specreason"),
            prompts=prompts("specreason"),
        output:
            update(PLAN.model_tables("specreason")),
        log:
            LAYOUT.log("specreason"),
        benchmark:
            LAYOUT.times("specreason")
        priority: 4  # the longest but for the agents
        conda:
            "../envs/models.yaml"
        threads: 1
        resources:
            **on_gpus("specreason"),
            mem_mb=retried(64000),
            runtime=retried(1440),
        params:
            study=STUDY.name,
            job=told("specreason"),
        message:
            "SpecReason ({wildcards.variant}) with {wildcards.agent} on every split, shard {wildcards.shard}"
        script:
            "../scripts/specreason.py"


if PLAN.select("corrected_specreason"):

    use rule specreason as corrected_specreason with:
        input:
            samples=PLAN.samples(),
            images=PLAN.images(),
            checked=LAYOUT.checked,
            draft=model("corrected_specreason", "draft"),
            model=model("corrected_specreason"),
            prompts=prompts("corrected_specreason"),
            published=tables("agent", "agent"),
        output:
            update(PLAN.model_tables("corrected_specreason")),
        log:
            LAYOUT.log("corrected_specreason"),
        benchmark:
            LAYOUT.times("corrected_specreason")
        priority: 2
        params:
            study=STUDY.name,
            job=told("corrected_specreason"),
        message:
            "SpecReason (corrected) with {wildcards.agent} on a sample of images"
