"""Process 2: turns observations into rollups and rollups into KPI values with their evidence."""
