"""The peer method: the draft proposes steps, the agent's model scores them."""


rule specreason:
    input:
        samples=samples,
        images=images,
        draft=model(CONFIG.draft.model).path,
        model=lambda wildcards: model(agent_model(wildcards)).path,
        prompts=lambda wildcards: prompts(wildcards.agent),
    output:
        table=f"{RESULTS}/specreason/{{agent}}/{{variant}}/{{benchmark}}/{{split}}/{{scatteritem}}.parquet",
    log:
        f"{LOGS}/specreason/{{agent}}/{{variant}}/{{benchmark}}/{{split}}/{{scatteritem}}.log",
    benchmark:
        f"{TIMES}/specreason/{{agent}}/{{variant}}/{{benchmark}}/{{split}}/{{scatteritem}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        gpu=lambda wildcards: gpus(CONFIG.draft.model, agent_model(wildcards)),
        mem_mb=lambda wildcards, attempt: 64000 * attempt,
        runtime=lambda wildcards, attempt: 1440 * attempt,
    params:
        type=lambda wildcards: CONFIG.agents[wildcards.agent].type,
        settings=CONFIG.specreason.settings.model_dump(mode="json"),
        agent_settings=agent_settings,
        engine=lambda wildcards: engine(agent_model(wildcards)),
        draft_engine=engine(CONFIG.draft.model),
        journals=JOURNALS,
        media=MEDIA,
        inputs=lambda wildcards: {
            "code": code("specreason.py", CONFIG.agents[wildcards.agent].type),
            "draft": identity(model(CONFIG.draft.model).path),
            "model": identity(model(agent_model(wildcards)).path),
            "prompts": identity(prompts(wildcards.agent)),
        },
    message:
        "SpecReason ({wildcards.variant}) with {wildcards.agent} on {wildcards.benchmark}/{wildcards.split}"
    script:
        "../scripts/specreason.py"
