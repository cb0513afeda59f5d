"""Signal processing without I/O: units, timeline, filters, resampler, patches."""
