"""The peer method: the draft proposes steps, the agent's model scores them."""


rule specreason:
    input:
        samples=LAYOUT.samples(),
        images=LAYOUT.images(),
        checked=CHECKED,
        draft=model("specreason", "draft"),
        model=model("specreason"),
        prompts=prompts("specreason"),
    output:
        table=LAYOUT.passes("specreason"),
    log:
        LAYOUT.log("specreason"),
    benchmark:
        LAYOUT.times("specreason")
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
        "SpecReason ({wildcards.variant}) with {wildcards.agent} on {wildcards.benchmark}/{wildcards.split}"
    script:
        "../scripts/specreason.py"
