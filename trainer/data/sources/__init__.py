"""Where recordings come from: a folder, a list of files, a BIDS data set, or none at all."""
