"""The paper's figures and a few it lacks, from the tables alone; each is one module of the library."""

# What a figure reads beside settings and ledger.
FIGURE_TABLES = {
    "threshold_ablation": ["published_vs_ours.csv"],
    "top_k_ablation": ["published_vs_ours.csv"],
    "batch_size_ablation": ["published_vs_ours.csv"],
    "confidence_density": ["outcomes.parquet"],
    "rolling_accuracy": ["outcomes.parquet"],
    "accuracy_by_threshold": ["outcomes.parquet"],
    "deferral": ["deferral.csv"],
    "pareto_front": ["pareto.csv"],
    "acceptance": [],
    "latency_breakdown": ["outcomes.parquet"],
    "attribution": [],
}
FIGURES = [f"{FIGURES_DIR}/{figure}.{form}" for figure in FIGURE_TABLES for form in ("png", "pdf")]


rule draw_figure:
    input:
        settings=f"{TABLES_DIR}/settings.csv",
        ledger=f"{TABLES_DIR}/ledger.csv",
        more=lambda wildcards: [f"{TABLES_DIR}/{name}" for name in FIGURE_TABLES[wildcards.figure]],
    output:
        png=report(
            f"{FIGURES_DIR}/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        pdf=f"{FIGURES_DIR}/{{figure}}.pdf",
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{TIMES}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure="|".join(FIGURE_TABLES),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        facts=FACTS,
        caption=lambda wildcards: caption(wildcards.figure),
        code=lambda wildcards: code("draw_figure.py", f"speceyes.figures.{wildcards.figure}"),
    message:
        "Drawing {wildcards.figure}"
    script:
        "../scripts/draw_figure.py"
