"""Train, measure and bundle codecs of EEG patches; `train`, `prepare`, `search`, `export`, `evaluate` are the commands.

The way of a training window: `data/sources` finds recordings, `data/front_ended` runs them through the daemon's signal
path, `data/cache` stores the result, `data/windows` cuts batches, `training/lightning_module` passes these to a network
of `models`, and `evaluation/metrics` measures the error. `protocols` defines what your own models and data must offer.
"""
