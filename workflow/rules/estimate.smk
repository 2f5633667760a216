"""Pre-flight: `snakemake estimate` prints what the configured study will still cost; it makes nothing."""


include: "inputs/estimate.smk"


RESOURCES = REGISTRIES.parent / "resources"


rule estimate:
    log:
        f"{LOGS}/estimate.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    params:
        plan=lambda wildcards: {
            "study": STUDY,
            "results": RESULTS,
            "downloads": planned_downloads(),
            "passes": planned_passes(),
            "verdicts": f"{RESULTS}/judge/verdicts.parquet",
            "top_k": CONFIG.draft.settings.top_k,
            "draft_tokens": CONFIG.draft.settings.max_new_tokens,
            "published": str(RESOURCES / "published" / "main_table.csv"),
        },
    message:
        "What the study {STUDY} will still cost"
    script:
        "../scripts/estimate.py"
