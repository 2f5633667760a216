"""One judging job for the whole study: each distinct answer once."""


rule judge:
    input:
        samples=PLAN.samples(),
        drafts=tables("draft"),
        agents=tables("agent"),
        corrected=tables("corrected"),
        specreason=tables("specreason"),
        corrected_specreason=tables("corrected_specreason"),
        live=tables("live"),
        prompts=STUDY.prompts("judge"),
        model=STUDY.judge_folder,
    output:
        verdicts=LAYOUT.verdicts,
    log:
        LAYOUT.log("judge"),
    benchmark:
        LAYOUT.times("judge")
    priority: 1  # longer than those that can run beside it
    conda:
        "../envs/judge.yaml"
    resources:
        **asking(lambda wildcards: STUDY.judge_gpus),
        mem_mb=retried(64000),
        runtime=retried(480),
    params:
        study=STUDY.name,
        judge=lambda wildcards: JOBS.judge(),
    message:
        "Judging every distinct answer"
    script:
        "../scripts/judge.py"
