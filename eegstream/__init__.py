"""Live tokens of EEG: Lab Streaming Layer in, FSQ codes over ZeroMQ out."""
