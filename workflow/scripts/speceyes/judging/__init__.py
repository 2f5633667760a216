"""Is an answer right? Rules first, then a judge model; two scorers side by side (docs/protocol.md, scoring)."""
