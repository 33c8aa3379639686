"""Drives the probe from outside and yields evidence."""
