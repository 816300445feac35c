"""Quarantine: what was refused, why, and how to mend it."""
