"""Replay: every setting composed from stored passes, judged, and set into tables."""

TABLES = [f"{RESULTS}/judge/verdicts.parquet"]
