"""Replays cells on base and candidate and compares what clients and the database see."""
