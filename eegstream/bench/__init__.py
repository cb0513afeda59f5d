"""What the daemon and its parts take on this machine: time, processor, memory."""
