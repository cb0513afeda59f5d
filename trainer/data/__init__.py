"""From recordings to batches of patches: find, split, prepare once, then cut from memory maps."""
