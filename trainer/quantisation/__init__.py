"""Scalar quantisers."""
