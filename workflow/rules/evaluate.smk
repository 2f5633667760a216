"""Replay: every setting of the grid composed from the stored passes, without running a model."""


include: "inputs/evaluate.smk"


rule replay:
    input:
        passes=lambda wildcards: paths(passes(wildcards)),
    output:
        table=f"{RESULTS}/replay/{{agent}}/{{benchmark}}/{{split}}.parquet",
    log:
        f"{LOGS}/replay/{{agent}}/{{benchmark}}/{{split}}.log",
    benchmark:
        f"{TIMES}/replay/{{agent}}/{{benchmark}}/{{split}}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        passes=passes,
        grid=grid,
        code=code("replay.py"),
    message:
        "Replaying the grid: {wildcards.agent} on {wildcards.benchmark}/{wildcards.split}"
    script:
        "../scripts/replay.py"
