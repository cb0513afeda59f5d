"""Train, measure and bundle codecs of EEG patches; `train`, `prepare`, `search`, `export`, `evaluate` are the commands.

Read in the order a training window travels: `data/sources` find recordings, `data/front_ended` puts them behind the
daemon's signal path, `data/cache` keeps them, `data/windows` cuts batches, `training/lightning_module` hands these to a
network of `models`, and `evaluation/metrics` says what was lost. `protocols` says what models and data of others need.
"""
