"""The paper's figures and a few it lacks; each is one module of the library, which says what it reads."""


rule draw_figure:
    input:
        unpack(lambda wildcards: PLAN.reads(PLAN.figures[wildcards.figure])),
    output:
        png=report(
            LAYOUT.figure(),
            caption="../report/caption.rst",
            category="Figures",
            labels=lambda wildcards: {"figure": CAPTIONS.figure_title(wildcards.figure)},
        ),
        pdf=LAYOUT.figure(form="pdf"),
    log:
        LAYOUT.log("figures/{figure}"),
    benchmark:
        LAYOUT.times("figures/{figure}")
    priority: -1  # after the tables, which other jobs wait for
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        caption=lambda wildcards: CAPTIONS.of_figure(wildcards.figure),
        code=lambda wildcards: code("draw_figure", f"speceyes.figures.{wildcards.figure}"),
    message:
        "Drawing {wildcards.figure}"
    script:
        "../scripts/draw_figure.py"


# For one column of a page. Asked for by name, e.g. results/miniature/figures/vstar/threshold_ablation.pdf.
rule draw_figure_of_benchmark:
    input:
        unpack(lambda wildcards: PLAN.reads(PLAN.figures[wildcards.figure])),
    output:
        png=LAYOUT.figure("{benchmark}/{figure}"),
        pdf=LAYOUT.figure("{benchmark}/{figure}", "pdf"),
    log:
        LAYOUT.log("figures/{benchmark}/{figure}"),
    benchmark:
        LAYOUT.times("figures/{benchmark}/{figure}")
    wildcard_constraints:
        figure=any_of(PLAN.figures_by_benchmark),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        code=lambda wildcards: code("draw_figure_of_benchmark", f"speceyes.figures.{wildcards.figure}"),
    message:
        "Drawing {wildcards.figure} for {wildcards.benchmark} alone"
    script:
        "../scripts/draw_figure_of_benchmark.py"
