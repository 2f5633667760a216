"""The funnel itself at chosen settings: true wall-clock to hold the replay against."""


rule live:
    input:
        samples=samples,
        images=images,
        draft=model(CONFIG.draft.model).path,
        model=lambda wildcards: model(agent_model(wildcards)).path,
        prompts=lambda wildcards: prompts(wildcards.agent),
        draft_prompts=prompts("draft"),
    output:
        table=f"{RESULTS}/live/{{agent}}/{{benchmark}}/{{split}}/" "{metric}-k{top_k}-t{threshold}-b{batch}.parquet",
    log:
        f"{LOGS}/live/{{agent}}/{{benchmark}}/{{split}}/{{metric}}-k{{top_k}}-t{{threshold}}-b{{batch}}.log",
    benchmark:
        f"{TIMES}/live/{{agent}}/{{benchmark}}/{{split}}/{{metric}}-k{{top_k}}-t{{threshold}}-b{{batch}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        gpu=lambda wildcards: gpus(CONFIG.draft.model, agent_model(wildcards)),
        mem_mb=lambda wildcards, attempt: 64000 * attempt,
        runtime=lambda wildcards, attempt: 1440 * attempt,
    params:
        type=lambda wildcards: CONFIG.agents[wildcards.agent].type,
        agent_settings=agent_settings,
        draft_settings=CONFIG.draft.settings.model_dump(mode="json"),
        screening=CONFIG.screening.by,
        engine=lambda wildcards: engine(agent_model(wildcards)),
        draft_engine=engine(CONFIG.draft.model),
        journals=JOURNALS,
        media=MEDIA,
        # An edited gate is evaluated by replay and held against these runs (live_vs_replay: same_source);
        # what it decides differently is seen there, and no model runs for it unasked.
        inputs=lambda wildcards: {
            "code": code("live.py", CONFIG.agents[wildcards.agent].type, without=["speceyes.method.gate"]),
            "draft": identity(model(CONFIG.draft.model).path),
            "model": identity(model(agent_model(wildcards)).path),
            "prompts": identity(prompts(wildcards.agent)),
            "draft_prompts": identity(prompts("draft")),
        },
    message:
        "Live funnel: {wildcards.agent}, {wildcards.benchmark}/{wildcards.split}, {wildcards.metric} > {wildcards.threshold}"
    script:
        "../scripts/live.py"
