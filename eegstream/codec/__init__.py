"""Model bundles: load, verify, encode and decode."""
