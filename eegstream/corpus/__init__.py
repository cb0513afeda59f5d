"""Encode many recordings into a folder, whose manifest says what became of each."""
