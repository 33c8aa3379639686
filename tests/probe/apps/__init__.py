"""Applications that the tests of the probe record."""
