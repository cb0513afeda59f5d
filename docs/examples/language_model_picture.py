"""The picture of `language_model.py`: bits of held-out patches, and a continuation beside the truth.

P patches of a context, C channels, G codes of a patch, S parts of a patch, T samples, W contexts that are continued.
"""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tiny_model import Parts, TinyModel

from eegstream import Tokenizer
from eegstream.files.segments import CodedSegment

Floats = NDArray[np.float64]

_TRUE, _MODEL, _HISTOGRAM = "#5f6b76", "#c8442c", "#2b6ca3"
_MOST_CONTINUED = 8
_HIGHEST_HZ = 45


@dataclass(frozen=True)
class Course:
    """Bits of held-out patches."""

    steps: NDArray[np.int64]
    """At which the model was measured."""
    model: Floats
    """(steps, S)"""
    kept: int
    """Place in `steps` of the weights that were kept."""
    histogram: Floats
    """(S,)"""
    even: Floats
    """(S,)"""


@dataclass(frozen=True)
class Example:
    """Decoded signals: of the true tokens, and of what the model made of the first half of each context."""

    true_uv: Floats
    """(W, C, T)"""
    made_uv: Floats
    """(W, C, T)"""
    given: int
    """Number of samples at the start of T that the model was given."""
    rate_hz: float
    labels: tuple[str, ...]


def example_of(tokenizer: Tokenizer, model: TinyModel, parts: Parts, shown: CodedSegment, seed: int) -> Example:
    """Contexts of a segment, in all channels, the second half of each drawn from the model."""
    codes = shown.codes.astype(np.int64)
    half = model.patches // 2
    generator = torch.Generator().manual_seed(seed)
    true, made = [], []
    for number in range(min(_MOST_CONTINUED, len(codes) // model.patches)):
        context = codes[number * model.patches :][: model.patches].transpose(1, 0, 2)  # (C, P, G)
        start = torch.from_numpy(parts.split(context[:, :half])).flatten(1)
        drawn = model.continued(start, generator).numpy().reshape(len(context), model.patches, -1)
        # The last byte of a code may have values that its codebook lacks.
        continued = np.minimum(parts.join(drawn), np.array(tokenizer.vocabulary.words) - 1)
        true.append(_decoded(tokenizer, shown, context))
        made.append(_decoded(tokenizer, shown, continued))
    rate_hz = shown.spec.model_rate_hz or shown.spec.rate_hz
    given = true[0].shape[1] * half // model.patches
    return Example(np.stack(true), np.stack(made), given, rate_hz, shown.spec.channels)


def _decoded(tokenizer: Tokenizer, shown: CodedSegment, codes: NDArray[np.int64]) -> Floats:
    """Microvolts (C, T) of codes (C, P, G), by way of tokens, as they come from any language model."""
    words = tokenizer.vocabulary
    tokens = (codes + words.offsets).reshape(len(codes), -1)
    return tokenizer.decode(words.to_segments(tokens, shown.spec)).eeg_uv.astype(np.float64)


def draw(title: str, course: Course, code_of: NDArray[np.int64], example: Example) -> Figure:
    """Four pictures: bits over training, bits saved in each code, a continuation, spectra."""
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    axes = figure.subplots(2, 2).flat
    figure.suptitle(f"A tiny language model of the tokens of {title}")
    _draw_course(axes[0], course)
    _draw_codes(axes[1], course, code_of)
    _draw_waves(axes[2], example)
    _draw_spectra(axes[3], example)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(visible=True, color="#e6e9ec")
        axis.set_axisbelow(True)
    return figure


def _draw_course(axis: Axes, course: Course) -> None:
    for bits, name, colour in ((course.even, "even chances", _TRUE), (course.histogram, "histogram", _HISTOGRAM)):
        axis.axhline(bits.sum(), color=colour, linestyle="--", label=f"{name}: {bits.sum():.2f}")
    total = course.model.sum(1)
    axis.plot(course.steps, total, "-", color=_MODEL, label=f"model: {total[course.kept]:.2f}")
    axis.plot(course.steps[course.kept], total[course.kept], "o", color=_MODEL, label="weights that were kept")
    axis.set(title="Bits of a held-out patch", xlabel="training step", ylabel="bit")
    axis.legend()


def _draw_codes(axis: Axes, course: Course, code_of: NDArray[np.int64]) -> None:
    places = np.arange(code_of[-1] + 1)
    for shift, bits, name, colour in (
        (-0.2, course.histogram, "histogram", _HISTOGRAM),
        (0.2, course.model[course.kept], "model", _MODEL),
    ):
        axis.bar(places + shift, np.bincount(code_of, course.even - bits), 0.4, color=colour, label=name)
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set(title="Saved of each code's bits", xlabel="code of the patch", ylabel="bit", xticks=places)
    axis.legend()


def _draw_waves(axis: Axes, example: Example) -> None:
    channel = int(np.argsort(example.true_uv[0].std(axis=1))[len(example.labels) // 2])
    seconds = np.arange(example.true_uv.shape[2]) / example.rate_hz
    made = slice(max(example.given - 1, 0), None)
    axis.plot(seconds, example.true_uv[0, channel], color=_TRUE, label="of the true tokens")
    axis.plot(seconds[made], example.made_uv[0, channel, made], color=_MODEL, label="of tokens drawn from the model")
    axis.axvline(example.given / example.rate_hz, color="black", linestyle=":")
    axis.set(title=f"One continuation, decoded: {example.labels[channel]}", xlabel="s", ylabel="µV")
    axis.set_xlim(0, seconds[-1])
    low, high = axis.get_ylim()
    axis.set_ylim(low - 0.15 * (high - low), high)  # room for the legend
    axis.legend(loc="lower left", ncols=2)


def _draw_spectra(axis: Axes, example: Example) -> None:
    for x, name, colour in (
        (example.true_uv, "of the true tokens", _TRUE),
        (example.made_uv, "of tokens drawn from the model", _MODEL),
    ):
        hz, density = _spectrum(x[:, :, example.given :], example.rate_hz)
        shown = hz <= _HIGHEST_HZ
        axis.semilogy(hz[shown], density[shown], color=colour, label=name)
    count = example.true_uv.shape[0] * example.true_uv.shape[1]
    axis.set(title=f"Median spectrum of {count} continuations", xlabel="Hz", ylabel="µV² / Hz")
    axis.legend()


def _spectrum(x: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Frequencies in Hz, and the median over all signals (W, C, T) of power density in µV²/Hz: Hann periodograms."""
    window = np.hanning(x.shape[-1])
    power = np.abs(np.fft.rfft((x - x.mean(axis=-1, keepdims=True)) * window, axis=-1)) ** 2
    density = 2 * np.median(power, axis=(0, 1)) / (rate_hz * (window**2).sum())
    return np.fft.rfftfreq(x.shape[-1], 1 / rate_hz)[1:], density[1:]
