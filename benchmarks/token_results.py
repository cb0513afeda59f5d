"""The section of docs/results.md on what tokens are worth to a language model."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trainer.bundling.model_card import markdown_table

_WORTH = """\
What a language model and linear probes find in the codes of validation subjects, fitted to training subjects
([metrics.md](reference/metrics.md)). Bits of a patch: with even chances, by the histogram of training patches, by a
small causal transformer, and by the same one if it also hears two other channels."""

_PROBES = """\
Share of the variance (R²) of log band powers, in Hz, and of the slow part of the waveform that linear probes explain.
*Codes*: each value of each code with an embedding; *words*: the same without gain and envelope; *numbers*: what the
codes stand for; *raw*: the EEG itself, listed once for all bundles that hear the same. Then the share of windows told
right from the band powers that a probe tells."""

_BITS = {"even chances": "uniform", "histogram": "unigram", "transformer": "model", "with others": "model_with_others"}


def token_parts(bundles: Mapping[str, Any], bands: Mapping[str, str]) -> list[str]:
    """The section; none for a report without these figures. `bands` are the names for a reader by those of a report."""
    measured = {title: own["tokens"] for title, own in bundles.items() if own.get("tokens")}
    if not measured:
        return []
    shown = {name: told for name, told in bands.items() if any(name in found["bands"] for found in _probes(measured))}
    return [
        "## What tokens are worth",
        _WORTH,
        markdown_table(["bundle", "data", *_BITS], list(_bit_rows(measured))),
        _PROBES,
        markdown_table(["bundle", "heard", "data", *shown.values(), "waveform"], _once(_probe_rows(measured, shown))),
        *_task_table(measured),
    ]


def _probes(measured: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for found in measured.values():
        for sets in found["probes"].values():
            yield from sets.values()


def _bit_rows(measured: Mapping[str, Any]) -> Iterator[list[str]]:
    for title, found in measured.items():
        for name, bits in found["bits"].items():
            yield [f"`{title}`", name, *(f"{sum(bits[kind]):.1f}" for kind in _BITS.values())]


def _probe_rows(measured: Mapping[str, Any], shown: Mapping[str, str]) -> Iterator[list[str]]:
    for title, found in measured.items():
        for kind, sets in found["probes"].items():
            for name, told in sets.items():
                cells = [f"{told['bands'][band]:z.2f}" if band in told["bands"] else "" for band in shown]
                yield [f"`{title}`", kind, name, *cells, f"{told['waveform']:z.2f}"]


def _once(rows: Iterable[list[str]]) -> list[list[str]]:
    """Rows without those of the EEG itself that repeat an earlier one's figures: bundles of one rate hear the same."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for row in rows:
        if row[1] != "raw" or tuple(row[1:]) not in seen:
            kept.append(row)
        seen.add(tuple(row[1:]))
    return kept


def _task_table(measured: Mapping[str, Any]) -> Iterator[str]:
    answered = [(f"`{title}`", kind, found) for title, own in measured.items() for kind, found in own["tasks"].items()]
    tasks = {
        task: f"{told['task']} (chance {told['chance']:.2f})" for *_, found in answered for task, told in found.items()
    }
    if tasks:
        rows = [[title, kind, *(_told(found, task) for task in tasks)] for title, kind, found in answered]
        yield markdown_table(["bundle", "heard", *tasks.values()], _once(rows))


def _told(found: Mapping[str, Any], task: str) -> str:
    if task not in found:
        return ""
    low, high = found[task]["interval"]
    return f"{found[task]['accuracy']:.3f} ({low:.3f} to {high:.3f})"
