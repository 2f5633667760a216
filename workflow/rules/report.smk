"""What a reader opens: the study's page, its resolved configuration and where every result comes from."""


include: "inputs/report.smk"


rule write_config:
    output:
        config=report(
            f"{RESULTS}/config.yaml",
            caption="../report/config.rst",
            category="Provenance",
            labels={"table": "configuration"},
        ),
    log:
        f"{LOGS}/write_config.log",
    benchmark:
        f"{TIMES}/write_config.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    params:
        config=CONFIG.model_dump(mode="json"),
        code=code("write_config.py"),
    message:
        "Writing the resolved configuration"
    script:
        "../scripts/write_config.py"


rule gather_provenance:
    input:
        passes=lambda wildcards: paths([judged_answers(), all_screens(), live_tables()]),
        verdicts=f"{RESULTS}/judge/verdicts.parquet",
    output:
        table=report(
            f"{TABLES_DIR}/provenance.csv",
            caption="../report/provenance.rst",
            category="Provenance",
            labels={"table": "provenance"},
        ),
    log:
        f"{LOGS}/gather_provenance.log",
    benchmark:
        f"{TIMES}/gather_provenance.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("gather_provenance.py"),
    message:
        "Gathering where the results come from"
    script:
        "../scripts/gather_provenance.py"


rule write_study_page:
    input:
        settings=f"{TABLES_DIR}/settings.csv",
        main_table=f"{TABLES_DIR}/main_table.md",
        recommended=f"{TABLES_DIR}/recommended_threshold.csv",
        live=f"{TABLES_DIR}/live_vs_replay.csv" if live_runs() else [],
    output:
        page=f"{RESULTS}/README.md",
    log:
        f"{LOGS}/write_study_page.log",
    benchmark:
        f"{TIMES}/write_study_page.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    params:
        study=STUDY,
        comparable=CONFIG.comparable,
        captions={figure: caption(figure) for figure in FIGURE_TABLES},
        code=code("write_study_page.py"),
    message:
        "Writing the study's page"
    script:
        "../scripts/write_study_page.py"
