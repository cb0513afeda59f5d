"""From settings to checkpoints: the Lightning module, its optimisation, and what a run leaves behind."""
