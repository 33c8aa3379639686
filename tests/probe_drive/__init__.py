"""Tests of the driving half of the probe."""
