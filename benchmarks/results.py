"""Write what an evaluation found into the documentation: `python -m benchmarks.results REPORT-FOLDER`.

`docs/results/` gets the report's JSON and its first picture, `docs/results.md` and the table in the README are written
from that JSON. Nothing here is measured.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.rate_results import rate_parts
from benchmarks.report_reading import between, own_sets, shipped
from benchmarks.token_results import token_parts
from trainer.bundling.model_card import markdown_table
from trainer.evaluation.metrics import BANDS_HZ

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs/results/report.json"
PAGE = ROOT / "docs/results.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- from docs/results/report.json -->", "<!-- end -->"

BANDS = {name: f"{low_hz:g}-{high_hz:g}" for name, (low_hz, high_hz) in BANDS_HZ.items()}
DECODES = ("single patches", "mse", "spectrum", "joint")
_PICTURE = "rate-and-distortion-0.png"


def readme_table(report: Mapping[str, Any]) -> str:
    """What the codes keep and lose, in short."""
    head = ["bundle", "bits", "data", "side", "NRMSE", "KLT, same bits", "r", *BANDS.values()]
    rows = [
        [
            f"`{title}`",
            f"{own['bits']:.4g}",
            name,
            figures["side"],
            f"{mse['nrmse']:.3f}",
            f"{figures['klt_gain']['nrmse']:.3f}",
            f"{mse['r']:.3f}",
            *(f"{mse['band_error'][band]:.2f}" if band in mse["band_error"] else "" for band in BANDS),
        ]
        for title, own, name, figures, mse in own_sets(report)
    ]
    return markdown_table(head, rows)


def page(report: Mapping[str, Any]) -> str:
    """All that docs/results.md says."""
    parts = [
        "# Results",
        "Everything on this page is written by `make evaluate` from [report.json](results/report.json), which holds "
        "more. Figures and their formulas: [metrics.md](reference/metrics.md).",
        _INTRODUCTION,
        f"![NRMSE over bits, beside transform coding](results/{_PICTURE})",
        _main_table(report),
        "## The decode that keeps band power",
        _SPECTRUM,
        _spectrum_table(report),
        "## Strong mains",
        _MAINS,
        _mains_table(report),
        *segment_parts(report),
        "## A prefix of the codes",
        "NRMSE when only the first so many codes of each patch are decoded.",
        _prefix_table(report),
        *rate_parts(report),
        "## Time",
        f"Encoding 64 patches in one thread, all by turns; as a multiple of `{report['reference']['bundle']}`.",
        _time_table(report),
        "## What a classifier still finds",
        _DOWNSTREAM,
        *_downstream_tables(report),
        *token_parts(shipped(report), BANDS),
    ]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """\
Windows of people that training never saw (*val*), and of devices that it never saw (*test*), through the whole path
and in microvolts. All bits are counted. KLT is transform coding at the same bits: Karhunen-Loève transform, Lloyd-Max
tables, whole levels by water-filling, with a gain of 6 of the bits; fitted to the same training windows. *Better by* is
one minus the ratio of both NRMSE; intervals are 95 % over subjects, over blocks of 20 windows where there is one
subject (ᵇ)."""

_SPECTRUM = """\
`decode` leaves the least error, and is quiet where no bit was spent; `decode --as spectrum` fills in noise. Decoded
over true power by band, and the log-spectral distance. (eegmat was low-passed at 45 Hz by its makers: there is nothing
above that a ratio could mean.)"""

_SEGMENTS = """\
Whole segments as `eegstream decode` decodes them: borders of patches smoothed, and with `--as joint` a Wiener filter
across the channels. NRMSE, and in brackets the median jump at borders over that of the original."""

_MAINS = """\
NRMSE of windows with strong mains, without a notch. *Found*: windows of a set that have more than half of their energy
within 1 Hz of the line, if there are ten or more. *Added*: all windows of a set with a line added that has 88 % of the
energy. *Outside* is the error without the line: both signals without all that sinusoids within 1 Hz of it can express.
With `--notch` the line is not there to be coded."""

_DOWNSTREAM = """\
Log band powers of every channel, shrinkage linear discriminant analysis, each subject (or fifth of the time) left out.
14 of the 18 subjects of the first question trained the bundles. So few subjects say little: differences within the
intervals mean nothing."""


def _main_table(report: Mapping[str, Any]) -> str:
    head = ["bundle", "bits", "data", "side", "NRMSE", "interval", "of each seed", "KLT, gain", "better by"]
    head += ["interval", "worst subject"]
    rows = []
    for title, own, name, figures, mse in own_sets(report):
        gain = figures["gain_over"]["klt_gain"]
        rows.append(
            [
                f"`{title}`",
                f"{own['bits']:.4g}",
                name + ("ᵇ" if figures["subjects"] == 1 else ""),
                figures["side"],
                f"**{mse['nrmse']:.3f}**",
                between(mse["nrmse_interval"]),
                ", ".join(f"{nrmse:.3f}" for nrmse in figures["nrmse_of_seeds"]),
                f"{figures['klt_gain']['nrmse']:.3f}",
                f"{gain['gain']:.1%}",
                f"{gain['interval'][0]:.1%} to {gain['interval'][1]:.1%}",
                f"{min(gain['by_subject'].values()):.1%}",
            ]
        )
    return markdown_table(head, rows)


def _spectrum_table(report: Mapping[str, Any]) -> str:
    rows = [
        [
            f"`{title}`",
            name,
            kind,
            f"{decoded['nrmse']:.3f}",
            f"{decoded['lsd_db']:.1f}",
            *(f"{decoded['band_power'][band]:.2f}" if band in decoded["band_power"] else "" for band in BANDS),
        ]
        for title, own, name, figures, _ in own_sets(report)
        if "spectrum" in own["decodes"]
        for kind, decoded in figures["decodes"].items()
    ]
    return markdown_table(["bundle", "data", "decode", "NRMSE", "LSD dB", *BANDS.values()], rows)


def segment_parts(report: Mapping[str, Any]) -> list[str]:
    """The section on whole segments; none for a report from before they were measured."""
    rows = []
    for title, _, name, figures, _ in own_sets(report):
        if "segments" in figures:
            decodes = figures["segments"]["decodes"]
            cells = [_with_jump(decodes[kind]) if kind in decodes else "" for kind in DECODES]
            rows.append([f"`{title}`", name, ", ".join(map(str, figures["segments"]["channels"])), *cells])
    head = ["bundle", "data", "channels", *DECODES]
    return ["## Decodes of whole segments", _SEGMENTS, markdown_table(head, rows)] if rows else []


def _with_jump(decode: Mapping[str, Any]) -> str:
    return f"{decode['nrmse']:.3f}" + ("" if decode["jump"] is None else f" ({decode['jump']:.2f})")


def _mains_table(report: Mapping[str, Any]) -> str:
    rows = [
        [
            f"`{title}`",
            name,
            f"{line} Hz",
            kind,
            str(found["windows"]),
            f"{found['share']:.0%}",
            f"{found['nrmse']:.3f}",
            f"{found['nrmse_outside']:.3f}",
        ]
        for title, _, name, figures, _ in own_sets(report)
        for line, kinds in figures.get("mains", {}).items()
        for kind, found in kinds.items()
        if found is not None
    ]
    return markdown_table(["bundle", "data", "line", "mains", "windows", "share", "NRMSE", "outside"], rows)


def _prefix_table(report: Mapping[str, Any]) -> str:
    lines = [(title, name, f["codes_kept"]) for title, _, name, f, _ in own_sets(report) if "codes_kept" in f]
    most = max(len(kept) for _, _, kept in lines)
    rows = [[f"`{title}`", name, *(f"{nrmse:.3f}" for nrmse in kept)] for title, name, kept in lines]
    head = ["bundle", "data", *map(str, range(1, most + 1))]
    return markdown_table(head, [row + [""] * (len(head) - len(row)) for row in rows])


def _time_table(report: Mapping[str, Any]) -> str:
    rows = [
        [f"`{title}`", f"{t['p50']:.2f}", f"{t['p95']:.2f}", f"{t['ratio']:.2f}"]
        for title, t in ((title, own["encode_ms"]) for title, own in shipped(report).items() if "encode_ms" in own)
    ]
    return markdown_table(["bundle", "median, ms", "95 %, ms", "multiple"], rows)


def _downstream_tables(report: Mapping[str, Any]) -> Iterator[str]:
    for bench, found in report["benches"].items():
        tasks = list(found["raw"])
        heard = {"raw": found["raw"]} | {
            f"`{title}`, {kind}": answers
            for title, own in shipped(report).items()
            if own["bench"] == bench
            for kind, answers in own["downstream"].items()
        }
        head = [bench, *(f"{found['raw'][task]['task']} (chance {found['raw'][task]['chance']:.2f})" for task in tasks)]
        rows = [
            [name, *(f"{answers[t]['accuracy']:.3f} ({between(answers[t]['interval'])})" for t in tasks)]
            for name, answers in heard.items()
        ]
        if tasks:
            yield markdown_table(head, rows)


def readme_with(text: str, table: str) -> str:
    """The README with another table between its two marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END, 1)[1]}"


def main() -> None:
    """Take a report over."""
    folder = Path(sys.argv[1])
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, separators=(",", ":")) + "\n", encoding="utf-8")
    shutil.copyfile(folder / "figures" / _PICTURE, RESULTS.parent / _PICTURE)
    PAGE.write_text(page(report), encoding="utf-8")
    README.write_text(readme_with(README.read_text(encoding="utf-8"), readme_table(report)), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}, {RESULTS.relative_to(ROOT)} and the table in {README.name}")


if __name__ == "__main__":
    main()
