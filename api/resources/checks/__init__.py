"""Checks: what would become of a message."""
