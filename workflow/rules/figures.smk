"""The paper's figures, from the tables alone."""

FIGURES = [
    table for benchmark, split in SPLITS for agent in CONFIG.agents
    for table in screen_tables(agent, benchmark, split, BATCH)
] + [f"{RESULTS}/confidence/{benchmark}/{split}/b{BATCH}.parquet" for benchmark, split in SPLITS]
