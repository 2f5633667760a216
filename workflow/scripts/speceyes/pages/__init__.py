"""What a reader opens: the study's page and the explorer."""
