"""Pre-flight: `snakemake estimate` prints what the configured study will still cost; it makes nothing."""


rule estimate:
    log:
        LAYOUT.log("estimate"),
    localrule: True
    conda:
        "../envs/analysis.yaml"
    params:
        config=CONFIG.model_dump(mode="json"),
    message:
        "What the study {STUDY.name} will still cost"
    script:
        "../scripts/estimate.py"
