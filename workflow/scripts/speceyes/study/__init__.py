"""One study: its configuration, typed and validated, and what it will cost."""
