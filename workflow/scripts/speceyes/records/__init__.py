"""What stages read and write: samples, records, journals, tables, media."""
