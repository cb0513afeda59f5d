"""What a bundle holds beside its weights: manifest, golden vectors, model card."""
