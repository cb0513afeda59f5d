"""Lab Streaming Layer: discovery, readers, outlets."""
