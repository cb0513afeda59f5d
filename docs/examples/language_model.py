"""Train a tiny language model on the tokens of recordings, and draw what it predicts.

python docs/examples/language_model.py synthetic:rate=250,channels=8,seconds=300,seed=1
python docs/examples/language_model.py FOLDER --bundle seed --out seed_model

The first one needs no data. Training takes a minute or two of one core. OUT.png shows what was learned; OUT.pt is the
model, for `listen.py`. The last fifth of the recordings is held out; of a single recording, the last fifth of its time.
The same arguments give the same figures on the same machine.

M contexts, P patches of a context, C channels, G codes of a patch, S parts of a patch.
"""

import argparse
import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from language_model_picture import Course, draw, example_of
from numpy.typing import NDArray
from tiny_model import Parts, TinyModel

from eegstream import Tokenizer
from eegstream.errors import EegstreamError
from eegstream.files.recordings import read_recordings
from eegstream.files.segments import CodedSegment, collect_segments
from eegstream.stream import SignalOptions
from eegstream.tokenizer import encode_recording
from eegstream.vocabularies import Vocabulary

Codes = NDArray[np.int64]

_ROWS, _RATE, _LOOKS, _MOST_MEASURED = 16, 1e-3, 10, 128


@dataclass(frozen=True)
class Corpus:
    """Codes of some recordings, in two parts that share no recording, or no time of the only one."""

    fit: Codes
    """(M, P, G), of a channel each."""
    held_out: Codes
    """(M, P, G)"""
    shown: CodedSegment
    """A stretch of held-out patches."""


def encoded(tokenizer: Tokenizer, paths: Sequence[str]) -> list[list[CodedSegment]]:
    """The segments of each recording; of a folder, of all its files."""
    files: list[str | Path] = []
    for path in paths:
        files += sorted(f for f in Path(path).iterdir() if f.is_file()) if Path(path).is_dir() else [path]
    found = []
    for recording in (one for file in files for one in read_recordings(file)):
        messages = encode_recording(recording, tokenizer.engine, tokenizer.engine.facts, SignalOptions(), print)
        found.append([segment for segment in collect_segments(messages, recording.name) if len(segment.codes)])
    return [segments for segments in found if segments]


def corpus(words: Vocabulary, recordings: Sequence[Sequence[CodedSegment]], patches: int) -> Corpus:
    """Contexts of `patches` patches, which never span a gap.

    Raises:
        SystemExit: there are too few patches for a context on each side.
    """
    fit: list[Codes] = []
    held_out: list[Codes] = []
    shown: list[CodedSegment] = []
    for number, segments in enumerate(recordings):
        is_fit = number < min(math.ceil(0.8 * len(recordings)), len(recordings) - 1)
        for segment in segments:
            end = len(segment.codes)
            cut = end * 4 // 5 if len(recordings) == 1 else end if is_fit else 0
            fit += _contexts(words, _stretch(segment, 0, cut), patches)
            held_out += _contexts(words, _stretch(segment, cut, end), patches)
            if end - cut >= patches:
                shown.append(_stretch(segment, cut, end))
    if not fit or not held_out:
        raise SystemExit(
            f"there are not {patches} patches in a row to fit and as many to hold out: give longer recordings"
        )
    return Corpus(np.concatenate(fit), np.concatenate(held_out), shown[-1])


def _stretch(segment: CodedSegment, start: int, stop: int) -> CodedSegment:
    """Some consecutive patches of a segment."""
    kept = slice(start, stop)
    index, codes, flags, t = segment.index[kept], segment.codes[kept], segment.flags[kept], segment.t[kept]
    return CodedSegment(segment.spec, segment.segment, index, codes, flags, t, segment.account)


def _contexts(words: Vocabulary, segment: CodedSegment, patches: int) -> list[Codes]:
    """Contexts (M, P, G) of all channels, by way of tokens: these are what a data set on disk would hold."""
    return [
        np.lib.stride_tricks.sliding_window_view(run.astype(np.int64), patches, axis=0)
        .transpose(0, 1, 3, 2)
        .reshape(-1, patches, run.shape[2])
        for run in words.from_tokens(words.to_tokens(segment))
        if len(run) >= patches
    ]


def histograms(sizes: Sequence[int], fit: Codes) -> list[NDArray[np.float64]]:
    """Chance (W,) of each value of each of S parts (..., S), every value counted once more."""
    columns = zip(sizes, fit.reshape(-1, len(sizes)).T, strict=True)
    return [(np.bincount(column, minlength=size) + 1) / (len(column) + size) for size, column in columns]


def trained(sizes: Sequence[int], fit: Codes, held_out: Codes, steps: int, seed: int) -> tuple[TinyModel, Course]:
    """A model fitted to parts (M, P, S), and how its bits on held-out ones fell.

    It begins with the histogram. The last eighth of what it could be fitted to chooses the step whose weights are kept.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    cut = len(fit) - max(1, len(fit) // 8)
    held_out = some(held_out)
    rows, choosing, asked = (torch.from_numpy(part).flatten(1) for part in (fit[:cut], some(fit[cut:]), held_out))
    model, chances = TinyModel(sizes, fit.shape[1]), histograms(sizes, fit)
    model.begin_with(chances)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps, pct_start=0.1)
    looks: list[int] = []
    bits: list[NDArray[np.float64]] = []
    best, kept, weights = math.inf, 0, copy.deepcopy(model.state_dict())
    for step in range(steps + 1):
        if step % max(steps // _LOOKS, 1) == 0 or step == steps:
            looks.append(step)
            bits.append(measured(model, asked))
            chosen_by = measured(model, choosing).sum()
            print(f"step {step} of {steps}: {bits[-1].sum():.2f} bit a patch, {chosen_by:.2f} of those that choose")
            if chosen_by < best:
                best, kept, weights = chosen_by, len(looks) - 1, copy.deepcopy(model.state_dict())
        if step < steps:
            model.train()
            optimizer.zero_grad()
            model.bits(rows[torch.randint(len(rows), (_ROWS,))]).mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.load_state_dict(weights)
    columns = zip(chances, held_out.reshape(-1, len(sizes)).T, strict=True)
    by_histogram = np.array([-np.log2(own[column]).mean() for own, column in columns])
    return model, Course(np.array(looks), np.array(bits), kept, by_histogram, np.log2(sizes))


def some(contexts: Codes) -> Codes:
    """As many contexts (M, P, S) as are measured at most, taken evenly."""
    count = min(_MOST_MEASURED, len(contexts))
    return contexts[np.linspace(0, len(contexts) - 1, count).round().astype(int)]


@torch.inference_mode()
def measured(model: TinyModel, parts: torch.Tensor) -> NDArray[np.float64]:
    """Mean bits (S,) of the parts of a patch, over contexts (M, P S)."""
    model.eval()
    bits = torch.cat([model.bits(rows) for rows in parts.split(32)])
    return bits.view(-1, len(model.sizes)).double().mean(0).numpy()


def main(arguments: Sequence[str] | None = None) -> None:
    """Encode, train, draw, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("recordings", nargs="+", help="files, folders or synthetic:...")
    parser.add_argument("--bundle", default="default", help="NAME[@VERSION] of a shipped bundle")
    parser.add_argument("--patches", type=int, default=8, help="of a context")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="language_model")
    given = parser.parse_args(arguments)
    try:
        tokenizer = Tokenizer.load(given.bundle, "cpu")
        words = tokenizer.vocabulary
        found = corpus(words, encoded(tokenizer, given.recordings), given.patches)
    except EegstreamError as error:
        raise SystemExit(str(error)) from error
    print(f"{words!r}: {len(found.fit)} contexts of {given.patches} patches to fit, {len(found.held_out)} held out")
    parts = Parts.of(words)
    fit, held_out = parts.split(found.fit), parts.split(found.held_out)
    model, course = trained(parts.sizes, fit, held_out, given.steps, given.seed)
    print(
        f"{words.seen.title}, bits of a held-out patch: {course.even.sum():.2f} with even chances, "
        f"{course.histogram.sum():.2f} by histogram, {course.model[course.kept].sum():.2f} by the model"
    )
    picture = draw(
        words.seen.title, course, parts.code_of, example_of(tokenizer, model, parts, found.shown, given.seed)
    )
    picture.savefig(f"{given.out}.png", dpi=120)
    weights = model.state_dict()
    torch.save({"bundle": words.seen.sha256, "patches": given.patches, "weights": weights}, f"{given.out}.pt")
    print(f"wrote {given.out}.png and {given.out}.pt")


if __name__ == "__main__":
    main()
