"""The command line: a command reads its arguments first, and only then imports what it runs, which may load torch."""
