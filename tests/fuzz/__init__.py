"""Coverage-guided fuzzing of what reads a logdir and answers requests: `python -m tests.fuzz index --seconds 600`."""
