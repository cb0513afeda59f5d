"""Sources of recordings: a folder, a list of files, a BIDS data set, or synthetic EEG."""
