"""Explanations taken along: a report that opens without a server."""
