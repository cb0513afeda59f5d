"""Models as plain scriptable modules: microvolts and a rate in, codes out, and back."""
