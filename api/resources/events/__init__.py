"""Events: new KPI values as they come."""
