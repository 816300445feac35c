"""What a city reports itself: spreadsheets and CSV read and written, entries judged, stored all or not at all."""
