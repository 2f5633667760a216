"""Phase I and the baseline: every agent screens every sample and answers it with its tools, once."""


include: "inputs/agents.smk"


rule screen:
    input:
        samples=samples,
        images=images,
        model=lambda wildcards: model(screening_model(wildcards)).path,
        prompts=lambda wildcards: prompts(wildcards.agent),
    output:
        table=f"{RESULTS}/screen/{{agent}}/{{benchmark}}/{{split}}/b{{batch}}/{{scatteritem}}.parquet",
    log:
        f"{LOGS}/screen/{{agent}}/{{benchmark}}/{{split}}/b{{batch}}/{{scatteritem}}.log",
    benchmark:
        f"{TIMES}/screen/{{agent}}/{{benchmark}}/{{split}}/b{{batch}}/{{scatteritem}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        gpu=lambda wildcards: gpus(screening_model(wildcards)),
        mem_mb=lambda wildcards, attempt: 48000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        type=lambda wildcards: CONFIG.agents[wildcards.agent].type,
        settings=agent_settings,
        engine=lambda wildcards: engine(screening_model(wildcards)),
        journals=JOURNALS,
        media=MEDIA,
        inputs=lambda wildcards: {
            "code": code("screen.py", CONFIG.agents[wildcards.agent].type),
            "model": identity(model(screening_model(wildcards)).path),
            "prompts": identity(prompts(wildcards.agent)),
        },
    message:
        "Screening {wildcards.benchmark}/{wildcards.split} for {wildcards.agent}, batch {wildcards.batch}"
    script:
        "../scripts/screen.py"


rule agent:
    input:
        samples=samples,
        images=images,
        model=lambda wildcards: model(agent_model(wildcards)).path,
        prompts=lambda wildcards: prompts(wildcards.agent),
    output:
        table=f"{RESULTS}/agent/{{agent}}/{{benchmark}}/{{split}}/{{scatteritem}}.parquet",
    log:
        f"{LOGS}/agent/{{agent}}/{{benchmark}}/{{split}}/{{scatteritem}}.log",
    benchmark:
        f"{TIMES}/agent/{{agent}}/{{benchmark}}/{{split}}/{{scatteritem}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        gpu=lambda wildcards: gpus(agent_model(wildcards)),
        mem_mb=lambda wildcards, attempt: 48000 * attempt,
        runtime=lambda wildcards, attempt: 1440 * attempt,
    params:
        type=lambda wildcards: CONFIG.agents[wildcards.agent].type,
        settings=agent_settings,
        engine=lambda wildcards: engine(agent_model(wildcards)),
        journals=JOURNALS,
        media=MEDIA,
        inputs=lambda wildcards: {
            "code": code("agent.py", CONFIG.agents[wildcards.agent].type),
            "model": identity(model(agent_model(wildcards)).path),
            "prompts": identity(prompts(wildcards.agent)),
        },
    message:
        "Running {wildcards.agent} on {wildcards.benchmark}/{wildcards.split}, shard {wildcards.scatteritem}"
    script:
        "../scripts/agent.py"
