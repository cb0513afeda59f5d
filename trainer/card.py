"""Write a model card: what a model is for, what it keeps and loses, and whose data it is made from."""

import math
import textwrap
from typing import Any

from trainer.code_use import listed
from trainer.metrics import BANDS_HZ, QUIET_UV


def model_card(facts: dict[str, Any], purpose: str, limits: str, attributions: dict[str, str]) -> str:
    """Markdown from a manifest's `facts` (without its card), what it is for, what it has not seen, and whose data."""
    owners = [f"- {line}" for line in attributions.values() if line] or ["- recordings whose owners were not stated"]
    sections = [
        f"# {facts['name']} version {facts['version']}",
        purpose,
        _what_it_is(facts),
        _figures(facts["metrics"]),
        _training(facts["training"]),
        _limits(limits),
        "## Data and licence\n\n"
        f"Weights: {facts['license']}. No recording is contained. Made and measured with:\n\n" + "\n".join(owners),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _filled(text: str) -> str:
    """One paragraph."""
    return textwrap.fill(" ".join(text.split()), 116, break_long_words=False, break_on_hyphens=False)


def _limits(limits: str) -> str:
    known = limits or "It knows the devices, people and situations of its training data, and no others."
    warning = _filled(f"""
        It is no medical device: no diagnosis, no monitoring of patients, no decision about a person. {known} What the
        table calls lost is lost: do not study those bands in decoded signals.""")
    return f"## What it must not be used for\n\n{warning}"


def _what_it_is(facts: dict[str, Any]) -> str:
    model, frontend = facts["model"], facts["frontend"]
    bits = sum(math.log2(word) for word in facts["words"])
    rate = f"resampled to {frontend['model_rate_hz']:g} Hz" if frontend["model_rate_hz"] else "at the stream's own rate"
    duration_s = facts["patch"] / frontend["model_rate_hz"] if frontend["model_rate_hz"] else None
    per_second = f" ({bits / duration_s:.1f} bit/s and channel)" if duration_s else ""
    signal = _filled(f"""
        Every channel for itself, {rate}, after a causal high-pass of {frontend["highpass_hz"]:g} Hz: patches of
        {facts["patch"]} samples become {len(facts["words"])} code(s) of {listed(facts["words"])} values,
        {bits:.1f} bit a patch{per_second}, everything included. {model["about"]}""")
    settings = ", ".join(
        f"{key} {value}" for key, value in model.items() if key not in ("class", "about", "patch_size")
    )
    network = _filled(f"Network: `{model['class']}` with {settings}.")
    return f"## What it is\n\n{signal}\n\n{network}"


def _figures(metrics: dict[str, Any]) -> str:
    bands = list(BANDS_HZ)
    control = any("nrmse_told_wrong_rate" in m for m in metrics.values())
    rows = [
        f"| {name} | {m['side']} | {m['patches']} | {m['nrmse']:.3f} | {m['nrmse_median']:.3f} | {m['r']:.3f} | "
        + " | ".join(f"{m['band_error'][band]:.2f}" if band in m["band_error"] else "" for band in bands)
        + (f" | {m['nrmse_told_wrong_rate']:.3f} |" if control else " |")
        for name, m in metrics.items()
    ]
    head = ["data", "side", "patches", "NRMSE", "median", "r", *bands] + ["NRMSE, wrong rate told"] * control
    table = "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *rows])
    meaning = _filled(f"""
        On subjects that training never saw ("val": the same devices, some resampled from the recordings' own rate;
        "test": other devices), patches quieter than {QUIET_UV} µV left out. NRMSE is the root of the mean over patches
        of error energy over patch energy (1 is what silence would give), median that of the patches' own, r the mean
        correlation; the bands give the share of each band's energy that is lost.
        {"The wrong rate is twice the true one, or half of it from 500 Hz on." if control else ""}""")
    return f"## What it keeps and loses\n\n{meaning}\n\n{table}"


def _training(training: dict[str, Any]) -> str:
    subjects = "; ".join(f"{name}: {', '.join(people)}" for name, people in training["subjects"].items())
    kept = "their moving average was kept" if training["averaged_weights"] else "the last ones were kept"
    recipe = _filled(f"""
        `{training["command"]}`: {training["steps"]} steps of {training["batch_size"]} patches,
        {training["optimizer"].rpartition(".")[2]} with a peak rate of {training["learning_rate"]:g}, loss
        {training["loss"].rpartition(".")[2]}, seed {training["seed"]}. Of the weights {kept}. Of the checkpoints, the
        one of the least mean NRMSE over the validation sets was taken, so the "val" rows are slightly kind.
        {f"Training subjects: {subjects}." if subjects else ""}""")
    return f"## How it was made\n\n{recipe}"
