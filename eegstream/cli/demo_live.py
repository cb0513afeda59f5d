"""What the demo prints: one channel's EEG, what its codes decode to, and the codes; then a summary.

C channels, N samples in a patch, G codes of a patch.
"""

import textwrap
import time

import click
import numpy as np
from numpy.typing import NDArray

from eegstream.cli.sparkline import sparkline
from eegstream.client import Codes, Damaged, End, Gap, Loss, Message, Spec
from eegstream.codec.engine import Engine
from eegstream.codec.manifest import bits_of
from eegstream.files.recordings import Recording
from eegstream.stream import SignalOptions
from eegstream.tokenizer import offline_patches

_COLUMNS = 79
"""What every terminal shows in one line."""
_DRAWN = 58


def fitted(text: str, label: str = "") -> str:
    """The text in lines that every terminal has room for, the later ones indented as far as the label reaches."""
    return textwrap.fill(
        label + text,
        _COLUMNS,
        subsequent_indent=" " * (len(label) or 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


class LivePrinter:
    """Show messages as they come, beside what the recording itself says at the same places."""

    def __init__(self, recording: Recording, engine: Engine) -> None:
        self.ended = False
        self._engine = engine
        self._patch_s = 0.0
        self._original = offline_patches(recording, engine.facts, SignalOptions())
        self._spec: Spec | None = None
        self._began_s = self._last_s = time.monotonic()
        self._latencies_s: list[float] = []
        self._relative_errors: list[NDArray[np.float64]] = []
        self._streams: set[str] = set()
        self._patches = self._gaps = self._lost = 0

    def show(self, item: Message | Loss | Damaged) -> None:
        """Print one message."""
        now_s = time.monotonic()
        if isinstance(item, Loss):
            self._lost += item.count
        elif isinstance(item, Spec):
            self._open(item, now_s)
        elif isinstance(item, Codes):
            self._show_codes(item, now_s)
        elif isinstance(item, Gap):
            self._gaps += 1
            missing = "an unknown number of" if item.missing is None else item.missing
            click.echo(f"gap: {missing} samples missing, a new segment begins\n")
        elif isinstance(item, End):
            self.ended = True

    def _open(self, spec: Spec, now_s: float) -> None:
        if spec.stream in self._streams:
            return
        self._spec, self._began_s = spec, now_s
        self._streams.add(spec.stream)
        self._patch_s = spec.patch / (spec.model_rate_hz or spec.rate_hz)
        bits = bits_of(spec.words)
        opened = (
            f"{spec.stream}: {len(spec.channels)} channels at {spec.rate_hz:g} Hz, "
            f"{len(spec.words)} codes ({bits:.0f} bit) for each {self._patch_s:g} s of a channel, "
            f"by {spec.model.name}@{spec.model.version} on {spec.device}"
        )
        shown = f"Shown is {spec.channels[0]}: its EEG, what the codes decode to, and the codes."
        click.echo(f"{fitted(opened)}\n\n{fitted(shown)}\n")

    def _show_codes(self, message: Codes, now_s: float) -> None:
        if self._spec is None:
            return
        patches, channels, _ = message.shape
        self._patches += patches * channels
        self._last_s = now_s
        for number in range(patches):
            latency_s = now_s - (message.clock_offset or 0.0) - message.t[number] - self._patch_s
            self._latencies_s.append(latency_s)
            decoded = self._decode(message.array[number])
            original = self._find_original(message.segment, message.first + number)
            relative = self._compare(original, decoded)
            self._draw(message, number, original, decoded, relative, latency_s)

    def _decode(self, codes: NDArray[np.uint16]) -> NDArray[np.float32]:
        rate_hz = self._spec.rate_hz if self._spec else 0.0
        return self._engine.decode(codes.astype(np.int32), np.full(len(codes), rate_hz, np.float32))

    def _find_original(self, segment: int, index: int) -> NDArray[np.float32]:
        """The recording's own front-ended patch (C, N)."""
        return next(patch.samples_uv for patch in self._original if (patch.segment, patch.index) == (segment, index))

    def _compare(self, original: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
        """NRMSE of the patch's first channel, the one that is shown; the others' are kept for the summary."""
        energy = (original.astype(np.float64) ** 2).sum(axis=1)
        error = ((decoded.astype(np.float64) - original) ** 2).sum(axis=1)
        relative = error[energy > 0] / energy[energy > 0]
        self._relative_errors.append(relative)
        return float(np.sqrt(error[0] / energy[0])) if energy[0] > 0 else 0.0

    def _draw(
        self,
        message: Codes,
        number: int,
        original: NDArray[np.float32],
        decoded: NDArray[np.float32],
        relative: float,
        latency_s: float,
    ) -> None:
        label = self._spec.channels[0] if self._spec else ""
        limit_uv = max(float(np.abs(original[0]).max()), 1e-6)
        place = f"segment {message.segment}, patch {message.first + number}"
        codes = " ".join(str(code) for code in message.array[number, 0])
        click.echo(fitted(f"{label}, {place}: here {latency_s * 1000:.0f} ms after its last sample"))
        click.echo(f"EEG      {sparkline(original[0], _DRAWN, limit_uv)}  ±{limit_uv:.0f} µV")
        click.echo(f"decoded  {sparkline(decoded[0], _DRAWN, limit_uv)}  NRMSE {relative:.2f}")
        click.echo(fitted(codes, "codes    ") + "\n")

    def summarize(self) -> None:
        """Print what the whole run gave."""
        if self._spec is None or not self._latencies_s:
            click.echo("no codes came before the end", err=True)
            return
        seconds = max(self._last_s - self._began_s, self._patch_s)
        codes = self._patches * len(self._spec.words)
        relative = np.concatenate(self._relative_errors)
        median_ms, p99_ms = (float(np.quantile(self._latencies_s, q)) * 1000 for q in (0.5, 0.99))
        nrmse = float(np.sqrt(relative.mean())) if relative.size else 0.0
        click.echo(
            f"{len(self._streams)} stream, {self._patches} patches of one channel, {codes / seconds:.0f} codes/s\n"
            "latency, from a patch's last sample to the receipt of its codes:\n"
            f"  median {median_ms:.1f} ms, p99 {p99_ms:.1f} ms, "
            f"{self._spec.delay_s * 1000:.0f} ms of it the resampler's\n"
            f"{self._gaps} gaps, {self._lost} messages lost\n"
            f"NRMSE of the decoded EEG, all channels: {nrmse:.3f}"
        )
