"""Areas: districts, streets and zones of a city."""
