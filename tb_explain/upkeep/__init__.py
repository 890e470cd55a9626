"""Upkeep of logdirs: finding damage, merging small segments, dropping steps. Safe while others read and write."""
