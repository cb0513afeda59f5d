"""Files in and out: recordings and codes."""
