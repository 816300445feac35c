"""KPI values with their evidence."""
