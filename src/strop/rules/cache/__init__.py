"""Rules about work that is done again although its result could be kept."""
