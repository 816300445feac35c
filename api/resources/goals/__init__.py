"""Goals: what a city wants, and how it stands."""
