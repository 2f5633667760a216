"""The miniature: generated benchmarks for small trained models, so that the whole study runs on a laptop."""
