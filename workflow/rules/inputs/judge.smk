"""Which answers are judged."""


def judged_answers():
    """Tables whose answers are judged, by what gave them; drafts at every batch size."""
    return {
        "drafts": [
            draft_tables(benchmark, split, batch) for benchmark, split in SPLITS for batch in batches(benchmark)
        ],
        "agents": [agent_tables(*cell) for cell in CELLS],
        "specreason": [
            specreason_tables(agent, variant, benchmark, split)
            for agent, benchmark, split in CELLS
            for variant in variants(agent)
        ],
    }
