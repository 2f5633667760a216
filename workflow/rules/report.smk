"""What a reader opens: the study's page and its resolved configuration."""


rule write_config:
    output:
        config=report(
            LAYOUT.config,
            caption="../report/config.rst",
            category="Provenance",
            labels={"table": "configuration"},
        ),
    log:
        LAYOUT.log("write_config"),
    benchmark:
        LAYOUT.times("write_config")
    localrule: True
    conda:
        "../envs/analysis.yaml"
    params:
        config=CONFIG.model_dump(mode="json"),
        code=code("write_config"),
    message:
        "Writing the resolved configuration"
    script:
        "../scripts/write_config.py"


rule write_study_page:
    input:
        claims=LAYOUT.table("claims"),
        settings=LAYOUT.table("settings"),
        main_table=LAYOUT.table("main_table", "md"),
        recommended=LAYOUT.table("recommended_threshold"),
        protocols=LAYOUT.table("protocol_effects"),
        faults=LAYOUT.table("pass_faults"),
        live=PLAN.live_comparison,
        throughput=PLAN.throughput,
    output:
        page=LAYOUT.page,
        html=report(
            LAYOUT.html_page,
            caption="../report/page.rst",
            category="All on one page",
            labels={"page": "claims, findings, Table 1, which threshold"},
        ),
    log:
        LAYOUT.log("write_study_page"),
    benchmark:
        LAYOUT.times("write_study_page")
    localrule: True
    conda:
        "../envs/analysis.yaml"
    params:
        study=STUDY.name,
        comparable=CONFIG.comparable,
        level=CONFIG.statistics.level,
        captions={figure: (CAPTIONS.figure_title(figure), CAPTIONS.words(figure)) for figure in PLAN.figures},
        code=code("write_study_page"),
    message:
        "Writing the study's page"
    script:
        "../scripts/write_study_page.py"
