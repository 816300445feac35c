"""Cities: who is watched, in which zone, under which limits."""
