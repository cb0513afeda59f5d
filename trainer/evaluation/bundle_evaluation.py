"""Measure bundles: everything that a report says of them, as one tree of plain values, and the plots of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.figure import Figure

from eegstream.codec.bundle import Bundle
from eegstream.codec.engine import Engine
from trainer.evaluation import evaluation_plots
from trainer.evaluation.baselines import Baselines
from trainer.evaluation.benchmark import Benchmark, window_samples
from trainer.evaluation.bundle_plots import plots_of
from trainer.evaluation.codebook_usage import codebook_metrics
from trainer.evaluation.comparison import (
    by_codes_kept,
    code_counts,
    compare,
    curves,
    decoded_recordings,
    rate_sensitivity,
)
from trainer.evaluation.downstream import Task, answers
from trainer.evaluation.encode_times import encode_times_ms
from trainer.evaluation.heldout_windows import HeldOutWindows, imitated_sets
from trainer.evaluation.known_results import KnownResults
from trainer.evaluation.looks import looks_of
from trainer.evaluation.mains import on_mains
from trainer.evaluation.scoring import nrmse_of
from trainer.evaluation.segment_decodes import segment_decodes
from trainer.evaluation.token_worth import TokenPlan, worth
from trainer.evaluation.whole_recordings import Recorded, recordings, whole_windows
from trainer.evaluation.windowed_codec import WindowedCodec
from trainer.protocols import PatchDataModule

Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is measured beside the metrics themselves."""

    fit_windows: int
    """Training windows that the baselines are fitted to."""
    bits: tuple[int, ...]
    """At which the baselines' curves are drawn."""
    rates_hz: tuple[float, ...]
    """Of the sources that are imitated."""
    turns: int
    """Of the encode's timing."""
    tasks: Mapping[str, Task]
    tokens: TokenPlan | None = None
    """What tokens are worth is measured so; None: not at all."""


@dataclass
class Evaluated:
    """Results as plain values, and plots by name."""

    results: dict[str, Any]
    plots: dict[str, Figure]


class Evaluation:
    """Bundles on a corpus; those of one name and version are one recipe from several seeds.

    `data_of` makes the data module of a bundle's signal path, for patches of so many samples. What is `known` of the
    same bundles is not measured again; but times are, of all bundles, if those of one are missing.
    """

    def __init__(
        self,
        bundles: Sequence[Bundle],
        reference: Bundle,
        data_of: Callable[[Bundle, int], PatchDataModule],
        plan: Plan,
        report: Report,
        known: KnownResults | None = None,
    ) -> None:
        self._by_title: dict[str, list[Bundle]] = {}
        for loaded in bundles:
            self._by_title.setdefault(loaded.title, []).append(loaded)
        self._reference = reference
        self._data_of = data_of
        self._plan = plan
        self._report = report
        self._known = known or KnownResults()
        self._benchmarks: dict[Any, tuple[Benchmark, PatchDataModule, Baselines]] = {}
        self._plots: dict[str, Figure] = {}

    def run(self) -> Evaluated:
        """Measure all of them."""
        found = {title: self._of_recipe(title, seeds) for title, seeds in self._by_title.items()}
        if not (self._known.is_timed_by(self._reference.title) and all("encode_ms" in own for own in found.values())):
            self._add_times(found)
        benches = {}
        for benchmark, data, baselines in self._benchmarks.values():
            name = _name(benchmark)
            benches[name] = self._known.curves(name, self._plan.bits) or self._bench(benchmark, data, baselines)
        results = self._known.completed(
            {"reference": {"bundle": self._reference.title}, "bundles": found, "benches": benches}
        )
        self._plots |= evaluation_plots.compared(results)
        return Evaluated(results, self._plots)

    def _benchmark(self, loaded: Bundle) -> tuple[Benchmark, PatchDataModule, Baselines]:
        manifest = loaded.manifest
        rate_hz = manifest.frontend.model_rate_hz
        key = (manifest.frontend, window_samples(manifest.patch, rate_hz))
        if key not in self._benchmarks:
            data = self._data_of(loaded, key[1])
            benchmark = Benchmark.of(data, manifest.patch, rate_hz, self._plan.fit_windows)
            self._benchmarks[key] = (benchmark, data, Baselines(benchmark.training))
        return self._benchmarks[key]

    def _bench(self, benchmark: Benchmark, data: PatchDataModule, baselines: Baselines) -> dict[str, Any]:
        self._report(f"baselines at {_name(benchmark)}")
        return {
            "curves": {s.name: curves(s, baselines, self._plan.bits) for s in benchmark.sets if s.is_own},
            "raw": answers(self._plan.tasks, self._raw(benchmark, data)),
        }

    def _codec(self, loaded: Bundle) -> WindowedCodec:
        return WindowedCodec.of(loaded.module, loaded.manifest, self._benchmark(loaded)[0].window)

    def _of_recipe(self, title: str, seeds: Sequence[Bundle]) -> dict[str, Any]:
        """What is known of a recipe, and what has to be measured."""
        first = seeds[0]
        benchmark, data, _ = self._benchmark(first)
        codec = self._codec(first)
        own = self._known.of(title, seeds, benchmark.sets) or self._measured(title, seeds)
        heard = recordings(data, benchmark.model_rate_hz)
        if not any("segments" in found for found in own["sets"].values()):
            self._add_segments(title, own["sets"])
        if self._plan.tokens is not None and not own.get("tokens"):
            self._report(f"{title}: what tokens are worth")
            own["tokens"] = worth(first, heard, self._plan.tasks, self._plan.tokens, self._report)
        at_own_rates = [s for s in benchmark.sets if s.is_own]
        counts = code_counts(codec, at_own_rates)
        self._plots |= plots_of(title, looks_of(self._by_title)[title].colour, codec, at_own_rates, counts, seeds)
        return own

    def _measured(self, title: str, seeds: Sequence[Bundle]) -> dict[str, Any]:
        """All that is measured of a recipe, but for segments and tokens."""
        first, manifest = seeds[0], seeds[0].manifest
        benchmark, data, baselines = self._benchmark(first)
        codec = self._codec(first)
        sets = {s.name: self._on_set(title, s, baselines) for s in benchmark.sets}
        counts = code_counts(codec, [s for s in benchmark.sets if s.is_own])
        rate_hz = manifest.frontend.model_rate_hz
        heard = recordings(data, rate_hz)
        return {
            "sha256": first.sha256,
            "patch": manifest.patch,
            "window": codec.window,
            "words": list(manifest.words),
            "bits": codec.bits,
            "bits_per_second": codec.bits * rate_hz / codec.window if rate_hz else None,
            "model_rate_hz": rate_hz,
            "decodes": list(manifest.decodes),
            "about": manifest.model.get("about", ""),
            "bench": _name(benchmark),
            "seeds": [other.manifest.training.get("seed") for other in seeds],
            "sets": sets,
            "rates": self._by_rate(codec, benchmark, data, sets, manifest.rate_range_hz),
            "codes": codebook_metrics(counts),
            "tokens": {},
            "downstream": {
                kind: answers(self._plan.tasks, decoded_recordings(codec, heard, kind)) for kind in codec.decodes
            },
        }

    def _add_segments(self, title: str, sets: Mapping[str, dict[str, Any]]) -> None:
        self._report(f"{title} on whole segments")
        first = self._by_title[title][0]
        benchmark, data, _ = self._benchmark(first)
        engine = Engine(first, torch.device("cpu"))
        for name, measured in segment_decodes(engine, data, benchmark.window).items():
            if name in sets:
                sets[name]["segments"] = measured

    def _on_set(self, title: str, windows: HeldOutWindows, baselines: Baselines) -> dict[str, Any]:
        """What is measured of a recipe on one set; NRMSE of all its seeds."""
        self._report(f"{title} on {windows.name}")
        first, *others = self._by_title[title]
        codec, manifest = self._codec(first), first.manifest
        found: dict[str, Any] = {
            "is_own": windows.is_own,
            **compare(codec, windows, baselines),
            "told": rate_sensitivity(codec, windows, manifest.rate_range_hz),
        }
        if windows.is_own:
            if manifest.prefix:
                found["codes_kept"] = by_codes_kept(codec, windows)
            if manifest.frontend.model_rate_hz is not None:
                found["mains"] = on_mains(windows, lambda x: codec.through(x, windows.rate_hz))
            decoded = [self._codec(other).through(windows.patches_uv, windows.rate_hz) for other in others]
            mine = found["decodes"]["mse"]["nrmse"]
            found["nrmse_of_seeds"] = [mine, *(nrmse_of(windows.patches_uv, y) for y in decoded)]
        return found

    def _by_rate(
        self,
        codec: WindowedCodec,
        benchmark: Benchmark,
        data: PatchDataModule,
        sets: Mapping[str, Mapping[str, Any]],
        rate_range_hz: Sequence[float],
    ) -> dict[str, list[dict[str, Any]]]:
        """NRMSE of validation recordings as devices of other rates would have sent them, the truth told and not."""
        found: dict[str, list[dict[str, Any]]] = {}
        if benchmark.model_rate_hz is None:
            imitated = {s.name: (s, sets[s.name]["told"]) for s in benchmark.sets if s.side == "val"}
        else:
            parts = imitated_sets(data, self._plan.rates_hz, benchmark.window, benchmark.model_rate_hz)
            imitated = {s.name: (s, rate_sensitivity(codec, s, rate_range_hz)) for s in parts}
        for s, nrmse in sorted(imitated.values(), key=lambda pair: pair[0].rate_hz):
            found.setdefault(s.data_set, []).append({"rate_hz": s.rate_hz, **nrmse})
        return found

    def _add_times(self, found: Mapping[str, dict[str, Any]]) -> None:
        self._report("timing the encoders by turns")
        times = self._times()
        unit = times[self._reference.title]["p50"]
        for title, own in found.items():
            own["encode_ms"] = {**times[title], "ratio": times[title]["p50"] / unit}

    def _times(self) -> dict[str, dict[str, float]]:
        codecs = {title: self._codec(seeds[0]) for title, seeds in self._by_title.items()}
        manifest = self._reference.manifest
        codecs.setdefault(self._reference.title, WindowedCodec.of(self._reference.module, manifest, manifest.patch))
        benchmark = next(iter(self._benchmarks.values()))[0]
        return encode_times_ms(codecs, benchmark.sets[0].patches_uv, self._plan.turns)

    def _raw(self, benchmark: Benchmark, data: PatchDataModule) -> list[Recorded]:
        return [whole_windows(r, benchmark.window) for r in recordings(data, benchmark.model_rate_hz)]


def _name(benchmark: Benchmark) -> str:
    rate = f"{benchmark.model_rate_hz:g} Hz" if benchmark.model_rate_hz else "the stream's own rate"
    return f"windows of {benchmark.window} at {rate}"
