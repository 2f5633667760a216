"""Jobs that only a cluster can treat badly. A first attempt sleeps until something happens to it."""


rule slow:
    output:
        "slow",
    resources:
        runtime=lambda wildcards, attempt: attempt,
        attempt=lambda wildcards, attempt: attempt,
    shell:
        "if [ {resources.attempt} = 1 ]; then sleep 600; fi;"
        " squeue --noheader --format=%l --jobs $SLURM_JOB_ID > {output}"


rule cancelled:
    output:
        "cancelled",
    resources:
        runtime=5,
        attempt=lambda wildcards, attempt: attempt,
    shell:
        "if [ {resources.attempt} = 1 ]; then sleep 600; fi; echo attempt {resources.attempt} > {output}"


rule endless:
    output:
        "endless-{number}",
    resources:
        runtime=30,
    shell:
        "sleep 600; touch {output}"


rule lease:
    output:
        "lease-{number}",
    resources:
        gpu=1,
        gpu_model="a100",
        slurm_partition="gpu",
        runtime=5,
    params:
        library=Path(workflow.basedir).parents[1] / "workflow" / "scripts",
        program="import os, speceyes.runtime.gpu_lease as leases;"
        " held = leases.lease(1).__enter__(); print(held, os.environ['CUDA_VISIBLE_DEVICES'])",
    shell:
        "PYTHONPATH={params.library} python -c {params.program:q} > {output};"
        " scontrol --details show job $SLURM_JOB_ID | grep -o 'IDX:[0-9]*' >> {output}; sleep 5"
