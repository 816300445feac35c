"""Boards as typed code: Grafana JSON, and the control-room page that reads the same JSON."""
