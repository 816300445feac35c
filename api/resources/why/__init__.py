"""Why there is no number: silent, rejected, late, flagged, invalidated, low coverage, not computed or not defined."""
