"""Silent datastreams: those that should have spoken by now."""
