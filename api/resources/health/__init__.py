"""Health: whether the platform keeps up."""
