"""Rules about what strop itself is told: comments that ignore findings, and baselines."""
