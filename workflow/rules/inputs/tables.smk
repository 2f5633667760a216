"""What tables for people compare and count."""


def compared_runs():
    """Live runs with the replay and the confidences that they are held against."""
    return [
        {
            "agent": agent,
            "benchmark": benchmark,
            "split": split,
            "setting": {
                "method": "speceyes",
                "metric": metric,
                "top_k": CONFIG.grid.main_top_k,
                "threshold": threshold,
                "batch_size": batch,
            },
            "table": live_table(agent, benchmark, split, metric, threshold, batch),
            "replay": replay_table(agent, benchmark, split),
            "confidence": confidence_table(benchmark, split, batch),
        }
        for agent, benchmark, split, metric, threshold, batch in live_runs()
    ]


def specreason_runs():
    """SpecReason's tables by (agent, variant, benchmark, split)."""
    return {
        (agent, variant, benchmark, split): specreason_tables(agent, variant, benchmark, split)
        for agent, benchmark, split in CELLS
        for variant in variants(agent)
    }
