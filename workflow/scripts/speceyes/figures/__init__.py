"""The paper's figures, one module each: ``draw(tables, png, pdf)`` reads the study's tables and nothing else."""
