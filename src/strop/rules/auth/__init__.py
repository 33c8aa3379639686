"""Rules about who may do what: missing checks, weak tokens, secrets that are none."""
