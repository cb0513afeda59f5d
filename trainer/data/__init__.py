"""Recordings to batches of patches: found, split, prepared once, then cut from memory maps."""
