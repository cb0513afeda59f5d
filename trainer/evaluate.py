"""Measure bundles beside transform coding: `python -m trainer.evaluate bundle=NAME[@V]|PATH data=CHOICE ...`."""

import json
from pathlib import Path
from typing import Any

from trainer.startup import one_line_endings

with one_line_endings():
    import click
    import torch
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict

    from eegstream.codec import bundle
    from eegstream.codec.bundle import Bundle
    from eegstream.codec.engine import Engine
    from eegstream.codec.trust import Trust
    from eegstream.errors import ConfigError
    from trainer.command_lines import command_line
    from trainer.evaluation.bundle_evaluation import Evaluation, Plan
    from trainer.evaluation.downstream import Task
    from trainer.evaluation.html_report import write_page
    from trainer.evaluation.known_results import KnownResults
    from trainer.evaluation.scoring import rounded
    from trainer.evaluation.token_worth import TokenPlan
    from trainer.hydra_app import quiet_lightning, run_job
    from trainer.protocols import PatchDataModule
    from trainer.training.prepared_data import open_data
    from trainer.training.run_summary import save_plots


def evaluate(config: DictConfig) -> None:
    """Verify bundles, measure them, write a report (`report.html`, `report.json`, plots), and print a table.

    Raises:
        BundleError: the verification of a bundle fails.
        ConfigError: the data has no validation side, or the known report is none, or was measured on other data.
    """
    quiet_lightning()
    torch.set_num_threads(1)
    names = list(config.bundle) if isinstance(config.bundle, ListConfig) else [config.bundle]
    bundles = [_verified(name) for name in names]
    plan = Plan(
        fit_windows=config.fit_windows,
        bits=tuple(config.bits),
        rates_hz=tuple(config.rates_hz),
        turns=config.turns,
        tasks={name: Task(**OmegaConf.to_container(task)) for name, task in (config.tasks or {}).items()},  # type: ignore[arg-type]
        tokens=TokenPlan(**config.tokens, seed=config.seed) if config.tokens else None,
    )
    known = KnownResults.read(Path(config.known)) if config.known else KnownResults()
    evaluation = Evaluation(
        bundles, _verified(config.reference), lambda loaded, size: _data(config, loaded, size), plan, _say, known
    )
    found = evaluation.run()
    results = {
        "command": command_line("evaluate", HydraConfig.get().overrides.task),
        "torch": torch.__version__,
        **found.results,
    }
    folder = Path(config.folder)
    (folder / "report.json").write_text(json.dumps(rounded(results), indent=1) + "\n", encoding="utf-8")
    write_page(results, found.plots, folder / "report.html")
    save_plots({name.replace(" ", "-"): figure for name, figure in found.plots.items()}, folder / "figures")
    click.echo(_table(results))
    click.echo(f"wrote {folder / 'report.html'}, with {folder / 'report.json'} and {folder / 'figures'}")


def _verified(name: str) -> Bundle:
    # Whoever measures a bundle means to run it; one that nothing vouches for is tried out under limits first.
    loaded = bundle.load(str(name), trust=Trust(allow_unsigned=True))
    Engine(loaded, torch.device("cpu"))
    return loaded


def _data(config: DictConfig, loaded: Bundle, size: int) -> PatchDataModule:
    """The data, processed by a bundle's signal path."""
    manifest = loaded.manifest
    with open_dict(config):
        config.frontend = {"_target_": "eegstream.dsp.frontend.FrontEndSettings", **manifest.frontend.model_dump()}
        config.model = {"patch_size": size, "use_conditioning": bool(manifest.model.get("use_conditioning"))}
        if "rates_hz" in config.data:
            config.data.rates_hz = [] if manifest.frontend.model_rate_hz else config.rates_hz
    data = open_data(config.data)
    if not data.patches("val", 1):
        raise ConfigError(
            "the validation side has no patch, expected at least one",
            "Give more recordings, or choose who validates with data.source.hold_out",
        )
    return data


def _say(line: str) -> None:
    click.echo(line, err=True)


def _table(results: dict[str, Any]) -> str:
    lines = [
        f"{'bundle':14} {'data':20} {'bits':>6} {'NRMSE':>6} {'95 %':>13}  {'KLT gain':>8} {'KLT':>6} {'better by':>9} "
        f"{'joint':>6} {'jump':>5}"
    ]
    for title, own in results["bundles"].items():
        for name, metrics in own["sets"].items():
            if metrics["is_own"]:
                low, high = metrics["decodes"]["mse"]["nrmse_interval"]
                lines.append(
                    f"{title:14} {name:20} {own['bits']:6.1f} {metrics['decodes']['mse']['nrmse']:6.3f} "
                    f"{low:6.3f}-{high:.3f}  {metrics['klt_gain']['nrmse']:8.3f} {metrics['klt']['nrmse']:6.3f} "
                    f"{metrics['gain_over']['klt_gain']['gain']:9.1%} {_segment_columns(metrics)}"
                )
    return "\n".join(line.rstrip() for line in lines)


def _segment_columns(metrics: dict[str, Any]) -> str:
    """NRMSE of the joint decode, and jump of the plain one; nothing for data without recordings."""
    if "segments" not in metrics:
        return ""
    decodes = metrics["segments"]["decodes"]
    jump = decodes["mse"]["jump"]
    joint = format(decodes["joint"]["nrmse"], ".3f") if "joint" in decodes else ""
    return f"{joint:>6} {'' if jump is None else format(jump, '.2f'):>5}"


def main() -> None:
    """Compose the settings and evaluate."""
    run_job(evaluate, "evaluate")


if __name__ == "__main__":
    main()
