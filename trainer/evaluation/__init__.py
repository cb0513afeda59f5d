"""Measure the reconstruction error of models, beside transform coding at the same bits."""
