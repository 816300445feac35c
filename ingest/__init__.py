"""Process 1: takes what the broker hands over and stores it as observations, or in quarantine with a reason."""
