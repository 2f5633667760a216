"""The miniature: a small honest world with trained models, so that the whole study runs on a laptop."""
