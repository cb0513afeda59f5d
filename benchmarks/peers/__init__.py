"""Other programs that read the same outlets, each in a process of its own: what our latency is compared with.

Each is started as `python -m benchmarks.peers.NAME MODEL`, reads the stream `bench-0`, and sends a message for each
result.
"""
