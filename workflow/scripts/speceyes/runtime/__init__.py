"""What every job needs around its work: logging, progress, GPU leases, fingerprints. Nothing here changes a result."""
