"""The live service: opens, connects, loops, closes."""
