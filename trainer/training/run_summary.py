"""Write the summary page and the plots of a run."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from matplotlib.figure import Figure

from trainer.command_lines import config_dirs
from trainer.evaluation import plots
from trainer.evaluation.codebook_usage import codebook_metrics
from trainer.evaluation.comparison import code_counts
from trainer.evaluation.heldout_windows import sets_without_subjects
from trainer.evaluation.scoring import score
from trainer.evaluation.windowed_codec import WindowedCodec
from trainer.training.checkpoints import load_checkpoint, trained_network
from trainer.training.fit import RunResult

_PATCHES = 4096
"""Patches of each data set and rate that are measured and plotted at the end of a run."""
_SHOWN = ("nrmse", "nrmse_pooled", "snr_db", "psnr_db", "ssim", "r", "mae")


def save_plots(plots: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write every picture as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png" for name in plots]
    for figure, path in zip(plots.values(), paths, strict=True):
        figure.savefig(path)
    return paths


def write_summary(run: RunResult, folder: Path, command: str) -> str:
    """Measure the best checkpoint, write plots and `summary.md` into the run's folder, and return that page."""
    kept = run.best
    results: dict[str, Any] = {}
    paths: list[Path] = []
    if kept is not None:
        codec = WindowedCodec.of_network(trained_network(load_checkpoint(kept.path)))
        results, drawn = _measured(codec, run)
        if run.config["pictures"]:
            paths = save_plots(drawn, folder / "figures")
            _log_plots(run.trainer.loggers, drawn, run.trainer.global_step)
    page = "\n".join(_page(run, folder, command, results, paths)) + "\n"
    (folder / "summary.md").write_text(page, encoding="utf-8")
    return page


def _measured(codec: WindowedCodec, run: RunResult) -> tuple[dict[str, Any], dict[str, Figure]]:
    """Metrics of validation patches by set and rate, use of the codes, and plots of both."""
    sets = sets_without_subjects(run.data, run.config["frontend"]["model_rate_hz"], _PATCHES)
    decoded = {s.name: codec.through(s.patches_uv, s.rate_hz) for s in sets}
    scores = {s.name: score(s, decoded[s.name]) for s in sets}
    counts = code_counts(codec, sets)
    pairs = {s.name: (s.patches_uv.astype("float64"), decoded[s.name], s.sampled_hz) for s in sets}
    drawn = (
        {
            "reconstructions": plots.reconstructions(pairs),
            "spectra": plots.spectra({n: ({"raw": x, "decoded": y}, hz) for n, (x, y, hz) in pairs.items()}),
            "bands": plots.band_error_bars({name: found["band_error"] for name, found in scores.items()}),
            "codes": plots.code_use(counts),
        }
        if sets and run.config["pictures"]
        else {}
    )
    rows = {
        name: {**found, "nrmse_pooled": found["prd_percent"] / 100, "mae": found["mae_uv"]}
        for name, found in scores.items()
    }
    return {"data": rows, "codes": codebook_metrics(counts)}, drawn


def _log_plots(loggers: Sequence[Logger], plots: Mapping[str, Figure], step: int) -> None:
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            import wandb  # noqa: PLC0415  (slow to import, and few need it)

            logger.experiment.log({name: wandb.Image(figure) for name, figure in plots.items()})
        elif isinstance(logger, TensorBoardLogger):
            for name, figure in plots.items():
                logger.experiment.add_figure(name, figure, global_step=step, close=False)


def _page(
    run: RunResult, folder: Path, command: str, results: Mapping[str, Any], plot_paths: Sequence[Path]
) -> Iterator[str]:
    """Lines of the page."""
    config = run.config
    yield from (f"# {config['model']['_target_'].rpartition('.')[2]}: val/nrmse {run.nrmse:.4f}", "")
    yield from (f"    {command}", "")
    batches = f"batches of {config['data']['batch_size']}, " if "batch_size" in config["data"] else ""
    yield (
        f"{run.trainer.global_step} steps in {run.trainer.current_epoch} epochs, {run.seconds:.0f} s, {batches}"
        f"seed {config['seed']}."
    )
    yield ""
    if warming := _unfinished_warmup(config.get("scheduler"), run.trainer.global_step):
        yield from (warming, "")
    if results:
        yield from _tables(results)
    yield from ("| what | where |", "|---|---|", f"| settings | {_shown(folder / '.hydra/config.yaml')} |")
    yield f"| subjects of each side | {_shown(folder / 'split.json')} |"
    yield from (f"| log | {_shown(Path(logger.log_dir))} |" for logger in run.trainer.loggers if logger.log_dir)
    yield from (f"| {path.stem} | {_shown(path)} |" for path in plot_paths)
    if run.last:
        yield f"| last checkpoint | {_shown(run.last)} |"
    if run.best is not None:
        best = _shown(run.best.path)
        yield from (f"| best checkpoint | {best} |", "", "Next:", "")
        flags = "".join(f"--config-dir {shlex.quote(own)} " for own in config_dirs(sys.argv[1:]))
        named = "" if config["bundle"]["name"] else " name=NAME"
        yield f"    python -m trainer.export {flags}checkpoint={shlex.quote(str(best))}{named}"


def _unfinished_warmup(scheduler: Mapping[str, Any] | None, steps: int) -> str | None:
    """A remark if training ended before the learning rate had risen to its full value."""
    for key in ("total_iters", "warmup_steps") if scheduler and scheduler.get("interval") == "step" else ():
        length = (scheduler or {}).get(key)
        if length is not None and 0 < steps < length:
            return (
                f"**The run ended inside its warm-up:** {steps} of {length} steps, so the learning rate never reached "
                f"model.learning_rate. Train longer, or give scheduler.{key}={max(1, steps // 10)}."
            )
    return None


def _tables(results: Mapping[str, Any]) -> Iterator[str]:
    """Metrics of the best checkpoint."""
    yield from (f"The best checkpoint, on at most {_PATCHES} patches of each validation set and rate:", "")
    yield from ("| data | patches | " + " | ".join(_SHOWN) + " |", "|---|---|" + "---|" * len(_SHOWN))
    for name, found in results["data"].items():
        yield f"| {name} | {found['patches']} | " + " | ".join(f"{found[key]:.4g}" for key in _SHOWN) + " |"
    yield from ("", "| code | values used | if uniform | perplexity | if uniform |", "|---|---|---|---|---|")
    for number, use in results["codes"].items():
        yield (
            f"| {number} | {use['used']:.1%} | {use['used_ideal']:.1%} | {use['perplexity']:.0f} | "
            f"{use['perplexity_ideal']:.0f} |"
        )
    yield ""


def _shown(path: Path) -> Path:
    """The shortest form of a path that can be typed."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
