"""Phases II and III: the draft's answers, once per sample and wording of the question, and their confidences."""


rule draft:
    input:
        samples=PLAN.samples(),
        images=PLAN.images(),
        checked=LAYOUT.checked,
        model=model("draft"),
        prompts=[STUDY.draft_prompts(wording) for wording in STUDY.wordings],
    output:
        update(PLAN.model_tables("draft")),
    log:
        LAYOUT.log("draft"),
    benchmark:
        LAYOUT.times("draft")
    priority: 3  # before screening, beside which its answers can be judged
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        **on_gpus("draft"),
        mem_mb=retried(24000),
        runtime=retried(240),
    params:
        study=STUDY.name,
        job=told("draft"),
    message:
        "Drafting every split, shard {wildcards.shard}"
    script:
        "../scripts/draft.py"


rule confidence:
    input:
        drafts=tables("draft", "wording", "benchmark", "split", "batch"),
    output:
        table=LAYOUT.passes("confidence"),
    log:
        LAYOUT.log("confidence"),
    benchmark:
        LAYOUT.times("confidence")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        metrics=CONFIG.grid.metrics,
        top_k=STUDY.top_ks,
        code=code("confidence", *STUDY.own_metrics),
    message:
        "Scoring confidence on {wildcards.benchmark}/{wildcards.split}, question in the words of {wildcards.wording}"
    script:
        "../scripts/confidence.py"
