"""The trainer against a bare PyTorch loop: steps a second over the same model and the same batches, by turns.

    python -m benchmarks.training [--turns 5] [--steps 150] [key=value ...]

The bare loop has its batches in memory and does nothing but forward, backward, clipping and AdamW. The trainer is the
whole of it: windows cut from the memory-mapped cache, augmentation, averaged weights, a log every 50 steps.
"""

import argparse
import logging
import statistics
import tempfile
import time
import warnings

import lightning
import torch
from hydra import compose, initialize_config_dir
from lightning.pytorch.callbacks import Callback

from trainer.hydra_app import CONFIGS, build
from trainer.training.checkpoints import build_network
from trainer.training.fit import fit
from trainer.training.prepared_data import prepared_data

_WARM = 20
"""Steps before the clock starts."""


class Stopwatch(Callback):
    """Seconds of the steps behind the first few."""

    def __init__(self) -> None:
        self.started = self.seconds = 0.0

    def on_train_batch_start(self, trainer: lightning.Trainer, *_: object) -> None:
        """Start behind the warm-up."""
        if trainer.global_step == _WARM:
            self.started = time.perf_counter()

    def on_train_batch_end(self, *_: object) -> None:
        """The last one counts."""
        self.seconds = time.perf_counter() - self.started


def bare(config, batches) -> float:
    """Steps a second of a loop that does nothing else."""
    torch.manual_seed(1)
    network = build_network(dict(config.model))
    loss_of, optimizer = build(config.loss), build(config.optimizer)(network.parameters())
    started = time.perf_counter()
    for step, (patches, rates_hz) in enumerate(batches):
        if step == _WARM:
            started = time.perf_counter()
        loss = loss_of(network(patches, rates_hz), patches)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.trainer.gradient_clip_val)
        optimizer.step()
    return (len(batches) - _WARM) / (time.perf_counter() - started)


def whole(config, steps: int) -> float:
    """Steps a second of the trainer."""
    watch = Stopwatch()
    fit(config, "benchmark", [watch])
    return (steps - _WARM) / watch.seconds


def main() -> None:
    """Take turns, print every pair, and the median of their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("overrides", nargs="*", help="settings of trainer.train")
    asked = parser.parse_args()
    logging.disable(logging.INFO)
    warnings.filterwarnings("ignore", module="lightning")
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        config = compose(
            "config",
            [
                *("data.batch_size=512", f"data.batches_per_epoch={asked.steps}", "trainer.max_epochs=1"),
                *(f"folder={folder}", "+trainer.limit_val_batches=0", "trainer.enable_progress_bar=false"),
                *("callbacks.checkpoint=null", *asked.overrides),
            ],
        )
        batches = [*prepared_data(config).train_dataloader()]
        torch.set_num_threads(config.threads)
        ratios = []
        for turn in range(asked.turns):
            bare_rate, whole_rate = bare(config, batches), whole(config, asked.steps)
            ratios.append(whole_rate / bare_rate)
            print(f"turn {turn + 1}: bare {bare_rate:.1f}/s, trainer {whole_rate:.1f}/s, ratio {ratios[-1]:.3f}")
        print(f"median ratio {statistics.median(ratios):.3f} at batch {config.data.batch_size}")


if __name__ == "__main__":
    main()
