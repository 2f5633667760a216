"""Pinned downloads: benchmarks, models and the official prompts; files that exist already are used as they are.

A path in the configuration that is resources/datasets/NAME, resources/models/NAME or resources/prompts
is downloaded when it is not there (NAME being the benchmark's or model's key); any other path must exist.
What makes a download another one is its revision and its file patterns, nothing else.
"""


rule download_dataset:
    input:
        registry=ancient(DOWNLOADS.registries["datasets"]),
    output:
        folder=directory(DATASETS),
    log:
        LAYOUT.log("download/datasets/{dataset}"),
    benchmark:
        LAYOUT.times("download/datasets/{dataset}")
    conda:
        "../envs/download.yaml"
    threads: 1
    resources:
        connections=4,
        mem_mb=1000,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        source=lambda wildcards: DOWNLOADS.datasets[wildcards.dataset],
        wanted=lambda wildcards: DOWNLOADS.dataset(wildcards.dataset).wanted,
    message:
        "Downloading the benchmark {wildcards.dataset}"
    script:
        "../scripts/download_dataset.py"


rule download_model:
    input:
        registry=ancient(DOWNLOADS.registries["models"]),
    output:
        folder=directory(MODELS),
    log:
        LAYOUT.log("download/models/{model}"),
    benchmark:
        LAYOUT.times("download/models/{model}")
    conda:
        "../envs/download.yaml"
    threads: 1
    resources:
        connections=4,
        mem_mb=1000,
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        source=lambda wildcards: DOWNLOADS.models[wildcards.model].source,
        revision=lambda wildcards: DOWNLOADS.models[wildcards.model].revision,
        wanted=lambda wildcards: DOWNLOADS.model(wildcards.model).wanted,
    message:
        "Downloading the model {wildcards.model}"
    script:
        "../scripts/download_model.py"


rule download_prompts:
    input:
        prompt_map=DOWNLOADS.registries["prompts"],
    output:
        DOWNLOADS.prompt_files,
    log:
        LAYOUT.log("download/prompts"),
    benchmark:
        LAYOUT.times("download/prompts")
    conda:
        "../envs/download.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("download_prompts"),
    message:
        "Extracting the official prompts"
    script:
        "../scripts/download_prompts.py"
