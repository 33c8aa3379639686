"""The files that run strop in CI, run here."""
