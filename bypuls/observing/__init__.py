"""What a process tells of itself: numbers for Prometheus, whether it is ready, lines of its log."""
