"""The explorer: from any number down to the picture that was cropped, in a page that works offline."""


include: "inputs/explorer.smk"


EXPLORED = {
    "answers": f"{TABLES_DIR}/answers.parquet",
    "verdicts": f"{RESULTS}/judge/verdicts.parquet",
    "settings": f"{TABLES_DIR}/settings.csv",
    "splits": {(benchmark, split): explored_passes(benchmark, split) for benchmark, split in SPLITS},
}
EXPLORER = f"{RESULTS}/explorer.html"


rule explorer:
    input:
        tables=paths(EXPLORED),
    output:
        page=EXPLORER,
        apart=list(pages_apart().values()),
    log:
        f"{LOGS}/explorer.log",
    benchmark:
        f"{TIMES}/explorer.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        study=STUDY,
        comparable=CONFIG.comparable,
        media=MEDIA,
        tables=EXPLORED,
        apart=pages_apart(),
        page=identity(SCRIPTS / "speceyes" / "pages" / "explorer" / "static"),
        code=code("explorer.py"),
    message:
        "Writing the explorer"
    script:
        "../scripts/explorer.py"
