"""Observed properties: what can be measured, and in which unit it is kept."""
