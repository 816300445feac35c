"""Sites: the places where something is measured."""
