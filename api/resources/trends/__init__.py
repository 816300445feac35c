"""Trends of KPI values."""
