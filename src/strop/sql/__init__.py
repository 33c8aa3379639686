"""SQL statements as values: fingerprints, plans, dialects."""
