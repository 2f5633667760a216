"""One judging job for the whole study: each distinct answer once."""


rule judge:
    input:
        samples=[f"{RESULTS}/index/{benchmark}/{split}/samples.parquet" for benchmark, split in SPLITS],
        drafts=[table for benchmark, split in SPLITS for table in draft_tables(benchmark, split, BATCH)],
        agents=[
            table
            for agent in CONFIG.agents
            for benchmark, split in SPLITS
            for table in agent_tables(agent, benchmark, split)
        ],
        specreason=all_specreason_tables(),
        live=live_tables(),
        prompts=prompts("judge"),
    output:
        verdicts=f"{RESULTS}/judge/verdicts.parquet",
    params:
        url=CONFIG.judge.url,
        server=CONFIG.judge.server.model_dump(mode="json"),
        client=CONFIG.judge.client.model_dump(mode="json"),
        model=model(CONFIG.judge.model).path,
        cache=f"{RESULTS}/judge/cache",
        inputs={
            "code": code("judge.py"),
            "model": identity(model(CONFIG.judge.model).path),
            "prompts": identity(prompts("judge")),
        },
    log:
        f"{LOGS}/judge.log",
    benchmark:
        f"{TIMES}/judge.tsv"
    resources:
        gpu=0 if CONFIG.judge.url else CONFIG.judge.gpus,
        mem_mb=lambda wildcards, attempt: 64000 * attempt,
        runtime=lambda wildcards, attempt: 480 * attempt,
    conda:
        "../envs/judge.yaml"
    message:
        "Judging every distinct answer"
    script:
        "../scripts/judge.py"
