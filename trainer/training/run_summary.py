"""The page and the plots that a run leaves for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from matplotlib.figure import Figure

from trainer.evaluation import plots
from trainer.evaluation.measuring import (
    codebook_metrics,
    histograms,
    measure_all,
    reconstruct_all,
)
from trainer.protocols import Network, PatchesByRate
from trainer.training.checkpoints import load_checkpoint, trained_network
from trainer.training.fit import RunResult

_PATCHES = 4096
"""Of each data set and rate, measured and pictured at a run's end."""
_SHOWN = ("nrmse", "nrmse_pooled", "snr_db", "psnr_db", "ssim", "r", "mae")


def draw(
    network: Network, patches: PatchesByRate, model_rate_hz: float | None, results: Mapping[str, Any]
) -> dict[str, Figure]:
    """Pictures of a network on patches, by name; `results` are its plots."""
    pairs = reconstruct_all(network.encode, network.decode, patches, model_rate_hz, _PATCHES)
    return {
        "reconstructions": plots.reconstructions(pairs),
        "spectra": plots.spectra({n: ({"raw": x, "decoded": y}, rate_hz) for n, (x, y, rate_hz) in pairs.items()}),
        "bands": plots.band_errors({name: found["band_error"] for name, found in results["data"].items()}),
        "codes": plots.code_use(histograms(network.encode, network.codebook_sizes, patches)),
    }


def save_pictures(pictures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write every picture as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png" for name in pictures]
    for figure, path in zip(pictures.values(), paths, strict=True):
        figure.savefig(path)
    return paths


def write_summary(fitted: RunResult, folder: Path) -> str:
    """Measure the best checkpoint, write pictures and `summary.md` into the run's folder, and return that page."""
    kept = fitted.best
    pictures: list[Path] = []
    results: dict[str, Any] = {}
    if kept is not None:
        network = trained_network(load_checkpoint(kept.path))
        rate_hz = fitted.config["frontend"]["model_rate_hz"]
        patches = fitted.data.patches("val", most=_PATCHES)
        results = {
            "data": measure_all(network.encode, network.decode, patches, rate_hz),
            "codes": codebook_metrics(histograms(network.encode, network.codebook_sizes, patches)),
        }
        if fitted.config["pictures"]:
            drawn = draw(network, patches, rate_hz, results)
            pictures = save_pictures(drawn, folder / "figures")
            _log_pictures(fitted.trainer.loggers, drawn, fitted.trainer.global_step)
    page = _page(fitted, folder, results, pictures)
    (folder / "summary.md").write_text(page, encoding="utf-8")
    return page


def _log_pictures(loggers: Sequence[Logger], pictures: Mapping[str, Figure], step: int) -> None:
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            import wandb  # noqa: PLC0415  (slow to import, and few need it)

            logger.experiment.log({name: wandb.Image(figure) for name, figure in pictures.items()})
        elif isinstance(logger, TensorBoardLogger):
            for name, figure in pictures.items():
                logger.experiment.add_figure(name, figure, global_step=step, close=False)


def _page(fitted: RunResult, folder: Path, results: Mapping[str, Any], pictures: Sequence[Path]) -> str:
    kept, last = fitted.best, fitted.last
    config = fitted.config
    lines = [
        f"# {config['model']['_target_'].rpartition('.')[2]}: val/nrmse {fitted.nrmse:.4f}",
        "",
        f"    {config['command']}",
        "",
        f"{fitted.trainer.global_step} steps in {fitted.trainer.current_epoch} epochs, {fitted.seconds:.0f} s, "
        + (f"batches of {config['data']['batch_size']}, " if "batch_size" in config["data"] else "")
        + f"seed {config['seed']}.",
        "",
    ]
    if results:
        lines += [
            f"The best checkpoint, on {'at most ' + str(_PATCHES)} patches of each validation set and rate:",
            "",
            "| data | patches | " + " | ".join(_SHOWN) + " |",
            "|---|---|" + "---|" * len(_SHOWN),
            *(
                f"| {name} | {found['patches']} | " + " | ".join(f"{found[key]:.4g}" for key in _SHOWN) + " |"
                for name, found in results["data"].items()
            ),
            "",
            "| code | values used | of as many alike | perplexity | of alike values |",
            "|---|---|---|---|---|",
            *(
                f"| {number} | {use['used']:.1%} | {use['used_ideal']:.1%} | {use['perplexity']:.0f} | "
                f"{use['perplexity_ideal']:.0f} |"
                for number, use in results["codes"].items()
            ),
            "",
        ]
    lines += [
        "| what | where |",
        "|---|---|",
        f"| settings | {_shown(folder / '.hydra/config.yaml')} |",
        f"| subjects of each side | {_shown(folder / 'split.json')} |",
    ]
    lines += [f"| log | {_shown(Path(logger.log_dir))} |" for logger in fitted.trainer.loggers if logger.log_dir]
    lines += [f"| {path.stem} | {_shown(path)} |" for path in pictures]
    lines += [f"| last checkpoint | {_shown(last)} |"] if last else []
    if kept is not None:
        lines += [
            f"| best checkpoint | {_shown(kept.path)} |",
            "",
            "Next:",
            "",
            f"    python -m trainer.export checkpoint={_shown(kept.path)}"
            + ("" if config["bundle"]["name"] else " name=NAME"),
        ]
    return "\n".join(lines) + "\n"


def _shown(path: Path) -> Path:
    """As short as it can be typed."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
