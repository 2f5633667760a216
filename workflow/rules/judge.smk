"""One judging job for the whole study: each distinct answer once."""


include: "inputs/judge.smk"


rule judge:
    input:
        **{name: paths(tables) for name, tables in judged_answers().items()},
        samples=[f"{RESULTS}/index/{benchmark}/{split}/samples.parquet" for benchmark, split in SPLITS],
        live=live_tables(),
        prompts=prompts("judge"),
        model=[] if CONFIG.judge.url else model(CONFIG.judge.model).path,
    output:
        verdicts=f"{RESULTS}/judge/verdicts.parquet",
    log:
        f"{LOGS}/judge.log",
    benchmark:
        f"{TIMES}/judge.tsv"
    conda:
        "../envs/judge.yaml"
    resources:
        gpu=lambda wildcards: allowed(0 if CONFIG.judge.url else CONFIG.judge.gpus),
        mem_mb=lambda wildcards, attempt: 64000 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        url=CONFIG.judge.url,
        server=CONFIG.judge.server.model_dump(mode="json"),
        client=CONFIG.judge.client.model_dump(mode="json"),
        model=lambda wildcards: model(CONFIG.judge.model).path,
        cache=f"{RESULTS}/judge/cache",
        inputs=lambda wildcards: {
            "code": code("judge.py"),
            "model": identity(model(CONFIG.judge.model).path),
            "prompts": identity(prompts("judge")),
        },
    message:
        "Judging every distinct answer"
    script:
        "../scripts/judge.py"
