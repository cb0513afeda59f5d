"""Bring recordings into the cache without training: `python -m trainer.prepare data=recordings ...`."""

from trainer.startup import one_line_endings

with one_line_endings():
    from omegaconf import DictConfig

    from trainer.hydra_app import run_job


def prepare(config: DictConfig) -> None:
    """Prepare the recordings of every side, and write the split into the run's folder."""
    from trainer.training.prepared_data import prepared_data
    from trainer.training.settings_check import require_usable

    require_usable(config)
    prepared_data(config)


def main() -> None:
    """Compose the settings and prepare."""
    run_job(prepare, "prepare")


if __name__ == "__main__":
    main()
