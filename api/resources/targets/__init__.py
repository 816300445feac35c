"""Targets: by how much, until when, and whether it is on track."""
