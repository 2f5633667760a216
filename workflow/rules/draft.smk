"""Phases II and III: the draft's answers, once per sample and batch size, and their confidences."""


rule draft:
    input:
        samples=samples,
        images=images,
        model=model(CONFIG.draft.model).path,
        prompts=prompts("draft"),
    output:
        table=f"{RESULTS}/draft/{{benchmark}}/{{split}}/b{{batch}}/{{scatteritem}}.parquet",
    log:
        f"{LOGS}/draft/{{benchmark}}/{{split}}/b{{batch}}/{{scatteritem}}.log",
    benchmark:
        f"{TIMES}/draft/{{benchmark}}/{{split}}/b{{batch}}/{{scatteritem}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        gpu=lambda wildcards: gpus(CONFIG.draft.model),
        mem_mb=lambda wildcards, attempt: 24000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        settings=CONFIG.draft.settings.model_dump(mode="json"),
        engine=engine(CONFIG.draft.model),
        journals=JOURNALS,
        inputs=lambda wildcards: {
            "code": code("draft.py"),
            "model": identity(model(CONFIG.draft.model).path),
            "prompts": identity(prompts("draft")),
        },
    message:
        "Drafting {wildcards.benchmark}/{wildcards.split}, batch {wildcards.batch}, shard {wildcards.scatteritem}"
    script:
        "../scripts/draft.py"


rule confidence:
    input:
        drafts=lambda wildcards: draft_tables(wildcards.benchmark, wildcards.split, wildcards.batch),
    output:
        table=f"{RESULTS}/confidence/{{benchmark}}/{{split}}/b{{batch}}.parquet",
    log:
        f"{LOGS}/confidence/{{benchmark}}/{{split}}/b{{batch}}.log",
    benchmark:
        f"{TIMES}/confidence/{{benchmark}}/{{split}}/b{{batch}}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        metrics=list(CONFIG.grid.metrics),
        top_k=sorted({*CONFIG.grid.top_k, CONFIG.grid.main_top_k}),
        code=code("confidence.py"),
    message:
        "Scoring confidence on {wildcards.benchmark}/{wildcards.split}"
    script:
        "../scripts/confidence.py"
