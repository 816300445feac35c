"""A seeded, fictional city (Fjordvik) whose devices publish through the broker. See docs/simulated-city.md."""
