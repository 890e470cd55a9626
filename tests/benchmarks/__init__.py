"""Measurements against peers and floors in the same run; nothing is asserted. `python -m tests.benchmarks` prints them all."""
