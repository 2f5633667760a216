"""Pinned downloads: benchmarks, models and the official prompts; files that exist already are used as they are.

A path in the configuration that is resources/datasets/NAME, resources/models/NAME or resources/prompts
is downloaded when it is not there (NAME being the benchmark's or model's key); any other path must exist.
What makes a download another one is its revision and its file patterns, nothing else.
"""


include: "inputs/download.smk"


rule download_dataset:
    output:
        folder=directory("resources/datasets/{dataset}"),
    log:
        f"{LOGS}/download/datasets/{{dataset}}.log",
    benchmark:
        f"{TIMES}/download/datasets/{{dataset}}.tsv"
    wildcard_constraints:
        dataset="|".join(DATASETS) or NOTHING,
    conda:
        "../envs/download.yaml"
    threads: 1
    resources:
        connections=4,
        mem_mb=1000,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        registry=str(REGISTRIES / "datasets.yaml"),
        source=lambda wildcards: DATASETS[wildcards.dataset],
        wanted=lambda wildcards: dataset(wildcards.dataset).wanted,
        pins=PINS,
    message:
        "Downloading the benchmark {wildcards.dataset}"
    script:
        "../scripts/download_dataset.py"


rule download_model:
    output:
        folder=directory("resources/models/{model}"),
    log:
        f"{LOGS}/download/models/{{model}}.log",
    benchmark:
        f"{TIMES}/download/models/{{model}}.tsv"
    wildcard_constraints:
        model="|".join(MODELS) or NOTHING,
    conda:
        "../envs/download.yaml"
    threads: 1
    resources:
        connections=4,
        mem_mb=1000,
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        registry=str(REGISTRIES / "models.yaml"),
        source=lambda wildcards: MODELS[wildcards.model].source,
        revision=lambda wildcards: MODELS[wildcards.model].revision,
        wanted=lambda wildcards: registered_model(wildcards.model).wanted,
        pins=PINS,
    message:
        "Downloading the model {wildcards.model}"
    script:
        "../scripts/download_model.py"


rule download_prompts:
    input:
        prompt_map=str(REGISTRIES / "prompts.yaml"),
    output:
        expand(
            "resources/prompts/{name}.yaml",
            name=("draft", "deepeyes", "thyme", "judge"),
        ),
    log:
        f"{LOGS}/download/prompts.log",
    benchmark:
        f"{TIMES}/download/prompts.tsv"
    conda:
        "../envs/download.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("download_prompts.py"),
    message:
        "Extracting the official prompts"
    script:
        "../scripts/download_prompts.py"
