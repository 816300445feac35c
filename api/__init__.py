"""Process 3: serves what is stored, and the few writes people make."""
