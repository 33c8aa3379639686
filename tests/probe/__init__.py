"""Tests of what runs inside the target's process."""
