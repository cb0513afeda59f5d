"""Write a model card: what a model is for, what it keeps and loses, and whose data it is made from."""

import textwrap
from collections.abc import Sequence
from typing import Any

from eegstream.codec.manifest import bits_of
from trainer.evaluation.codebook_usage import listed
from trainer.evaluation.metrics import BANDS_HZ, QUIET_UV

_WRONG = ("half", "twice")
_CHOSE_NOTHING = """Validation chose nothing in this run; the recipe's settings were chosen with the help of the same
        validation sets."""


def model_card(facts: dict[str, Any], purpose: str, limits: str, attributions: dict[str, str]) -> str:
    """Markdown from a manifest's `facts` (without its card), what it is for, what it has not seen, and whose data."""
    owners = [f"- {line}" for line in attributions.values() if line] or ["- recordings whose owners were not stated"]
    sections = [
        f"# {facts['name']} version {facts['version']}",
        purpose,
        _what_it_is(facts),
        _metrics_section(facts["metrics"]),
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
    bits = bits_of(facts["words"])
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


def _metrics_section(metrics: dict[str, Any]) -> str:
    bands = list(BANDS_HZ)
    told = any("nrmse_told" in m for m in metrics.values())
    head = ["data", "side", "windows", "subjects", "NRMSE", "interval", "KLT, gain", "KLT", "r", *bands]
    head += [f"{wrong} told" for wrong in _WRONG] * told
    rows = []
    for name, m in metrics.items():
        low, high = m["nrmse_interval"]
        row = [name, m["side"], f"{m['patches']}", f"{m['subjects']}", f"{m['nrmse']:.3f}", f"{low:.3f} to {high:.3f}"]
        row += [f"{m['nrmse_of_klt_gain']:.3f}", f"{m['nrmse_of_klt']:.3f}", f"{m['r']:.3f}", *_shares(m["band_error"])]
        rows.append(row + (_wrongly(m) if told else []))
    meaning = _filled(f"""
        On windows of subjects that training never saw ("val": the same devices; "test": other devices), those quieter
        than {QUIET_UV} µV left out. NRMSE is the root of the mean over windows of error energy over window energy (1 is
        what silence would give), with an interval of 95 % over subjects, or over blocks of 20 windows where there is
        one subject. Beside it transform coding at the same bits, fitted to the same training data: KLT and Lloyd-Max
        tables, with a gain and without. r is the mean correlation; the bands give the share of each band's energy that
        is lost.
        {"The last columns are the NRMSE when half and twice the true rate are told." if told else ""}""")
    sections = [f"## What it keeps and loses\n\n{meaning}\n\n{markdown_table(head, rows)}"]
    if any("spectrum" in m for m in metrics.values()):
        sections.append(_spectrum(metrics))
    return "\n\n".join(sections)


def _wrongly(metrics: dict[str, Any]) -> list[str]:
    return ["" if metrics["nrmse_told"][wrong] is None else f"{metrics['nrmse_told'][wrong]:.3f}" for wrong in _WRONG]


def _spectrum(metrics: dict[str, Any]) -> str:
    """The decode that keeps band power, beside the one of least error."""
    rows = []
    for name, m in metrics.items():
        for kind, f in (("mse", m), ("spectrum", m["spectrum"])):
            rows.append([name, kind, f"{f['nrmse']:.3f}", f"{f['lsd_db']:.1f}", *_shares(f["band_power"])])
    meaning = _filled("""
        The decode `spectrum` fills in noise as strong as what the codes do not tell: the same codes, a larger error,
        and band powers that are about true. The noise is a function of the codes, so it is the same each time, and it
        is no signal. LSD is the log-spectral distance in dB; the bands give decoded power over true power.""")
    return f"{meaning}\n\n{markdown_table(['data', 'decode', 'NRMSE', 'LSD', *BANDS_HZ], rows)}"


def _shares(by_band: dict[str, float]) -> list[str]:
    return [f"{by_band[band]:.2f}" if band in by_band else "" for band in BANDS_HZ]


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for people, all its cells written out."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _training(training: dict[str, Any]) -> str:
    subjects = "; ".join(f"{name}: {', '.join(people)}" for name, people in training["subjects"].items())
    kept = "their moving average was kept" if training["averaged_weights"] else "the last ones were kept"
    of_patches = "" if training["batch_size"] is None else f" of {training['batch_size']} patches"
    at_rate = "" if training["learning_rate"] is None else f" with a peak rate of {training['learning_rate']:g}"
    scores = (training.get("history") or {}).get("val/nrmse")
    chosen = (
        """Of the checkpoints, the one of the least mean NRMSE over the validation sets was taken, so the "val" rows are
        slightly kind."""
        if scores is None or sum(score is not None for score in scores) > 1
        else _CHOSE_NOTHING
    )
    steps = (
        f"""{training["steps"]} steps{of_patches}, {training["optimizer"].rpartition(".")[2]}{at_rate}, loss
        {training["loss"].rpartition(".")[2]}, seed {training["seed"]}. Of the weights {kept}. {chosen}"""
        if training["steps"]
        else f"""tables fitted to training patches, no gradient step, seed {training["seed"]}. {_CHOSE_NOTHING}"""
    )
    recipe = _filled(f"""
        `{training["command"]}`: {steps}
        {f"Training subjects: {subjects}." if subjects else ""}""")
    return f"## How it was made\n\n{recipe}"
