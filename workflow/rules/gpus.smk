"""How many GPUs a job holds; a job is never cut down to what `--resources gpu` leaves it."""


def gpus(*names):
    """GPUs of a job that runs these models in one process; none if all of them stay on the CPU."""
    counts = [model(name).gpus for name in names if model(name).engine.device != "cpu"]
    return allowed(max(counts, default=0))


def allowed(count):
    """The count, if the run's GPUs suffice: Snakemake itself would cut it without a word."""
    limit = workflow.global_resources.get("gpu").value
    if limit is not None and count > limit:
        raise WorkflowError(f"{count} GPUs asked for, but this run has {limit} (--resources gpu={limit})")
    return count


onstart:
    # Snakemake works a job's resources out when its turn comes, which may be days from now.
    for job in workflow.dag.needrun_jobs():
        job.resources
