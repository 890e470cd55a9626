"""Explanations as callbacks of training frameworks; each module imports its framework, nothing else does."""
