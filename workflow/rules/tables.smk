"""Tables for people; each is one module of the library, which says what it reads."""


rule make_table:
    input:
        unpack(lambda wildcards: PLAN.reads(PLAN.made_tables[wildcards.table])),
    output:
        table=report(
            LAYOUT.table(),
            caption="../report/caption.rst",
            category=lambda wildcards: CAPTIONS.category(wildcards.table),
            labels=lambda wildcards: {"table": CAPTIONS.title(wildcards.table)},
        ),
    log:
        LAYOUT.log("tables/{table}"),
    benchmark:
        LAYOUT.times("tables/{table}")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        study=STUDY.name,
        settings=JOBS.table_settings(),
        caption=lambda wildcards: CAPTIONS.of_table(wildcards.table),
        code=lambda wildcards: code("make_table", f"speceyes.tables.{wildcards.table}"),
    message:
        "Making the table {wildcards.table}"
    script:
        "../scripts/make_table.py"


rule describe_tables:
    input:
        PLAN.csv_tables,
        LAYOUT.answers,
        LAYOUT.outcomes,
    output:
        page=LAYOUT.dictionary,
        package=LAYOUT.data_package,
        typed=PLAN.typed_tables,
    log:
        LAYOUT.log("describe_tables"),
    benchmark:
        LAYOUT.times("describe_tables")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        study=STUDY.name,
        words=CAPTIONS.tables,
        code=code("describe_tables"),
    message:
        "Describing the tables"
    script:
        "../scripts/describe_tables.py"


rule typeset_main_table:
    input:
        table=LAYOUT.table("main_table"),
    output:
        markdown=LAYOUT.table("main_table", "md"),
        latex=LAYOUT.table("main_table", "tex"),
    log:
        LAYOUT.log("typeset_main_table"),
    benchmark:
        LAYOUT.times("typeset_main_table")
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("typeset_main_table"),
    message:
        "Setting Table 1"
    script:
        "../scripts/typeset_main_table.py"
