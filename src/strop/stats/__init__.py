"""Intervals, paired comparison and noise: pure functions on numbers."""
