"""The parts of a bundle beside its weights: manifest, golden vectors, model card."""
