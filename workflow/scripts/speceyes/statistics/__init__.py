"""Doubt, measured: intervals over images, quality of a confidence, deferral, a threshold with a guarantee."""
