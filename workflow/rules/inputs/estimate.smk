"""What the study will run, for the estimate."""


def planned_downloads():
    folders = [(CONFIG.benchmarks[name].path, dataset(name)) for name in DATASETS] + [
        (CONFIG.models[name].path, registered_model(name)) for name in MODELS
    ]
    return [
        {
            "name": repository.name,
            "path": path,
            "store": str(Path(path).parent / ".downloads" / repository.folder_name),
            "gigabytes": repository.entry.gigabytes,
        }
        for path, repository in folders
    ]


def planned_passes():
    """Every GPU pass of the study with its tables, in the order of the stages."""

    def of(stage, benchmark, split, tables, **names):
        samples = CONFIG.benchmarks[benchmark].splits[split] or 0
        return {
            "stage": stage,
            "benchmark": benchmark,
            "split": split,
            "samples": samples,
            "tables": tables,
            **names,
        }

    drafts = [
        of("draft", benchmark, split, draft_tables(benchmark, split, batch))
        for benchmark, split in SPLITS
        for batch in batches(benchmark)
    ]
    screens = [
        of(
            "screen",
            benchmark,
            split,
            screen_tables(agent, benchmark, split, batch),
            agent=agent,
        )
        for agent in CONFIG.agents
        for benchmark, split in SPLITS
        for batch in batches(benchmark)
    ]
    agents = [
        of(
            "agent",
            benchmark,
            split,
            agent_tables(agent, benchmark, split),
            agent=agent,
        )
        for agent in CONFIG.agents
        for benchmark, split in SPLITS
    ]
    specreason = [
        of(
            "specreason",
            benchmark,
            split,
            specreason_tables(agent, variant, benchmark, split),
            agent=agent,
            variant=variant,
        )
        for agent in CONFIG.specreason.agents
        for variant in CONFIG.specreason.variants
        for benchmark, split in SPLITS
    ]
    live = [
        of("live", benchmark, split, [table], agent=agent, variant=metric)
        for table, agent, benchmark, split, metric in live_passes()
    ]
    return [*drafts, *screens, *agents, *specreason, *live]


def live_passes():
    for table in live_tables():
        agent, benchmark, split, name = Path(table).parts[-4:]
        yield table, agent, benchmark, split, name.partition("-")[0]
