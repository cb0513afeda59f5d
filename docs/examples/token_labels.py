"""Train a small transformer on a data set of tokens: it predicts the next token, and the event of each patch.

python docs/examples/token_labels.py
python docs/examples/token_labels.py DATASET --steps 1000

DATASET is what `eegstream export` makes. Without one, twenty recordings are made up in which people open and close
their eyes: alpha waves come with the event "closed". Takes a minute of one core and draws OUT.png. The model sees the
codes with at most 1024 values; of `default` these are gain and envelope. The same arguments give the same figures on
the same machine.

B items, T tokens of an item, K kept codes of a patch, L labels.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

import eegstream
from eegstream import Tokenizer
from eegstream.encoding import encode_streams
from eegstream.files.events import FileEvent
from eegstream.files.recordings import read_recording
from eegstream.files.samples import HeldSamples
from eegstream.stream import SignalOptions
from eegstream.tables.names import RecordingNames
from eegstream.tables.shards import gather
from eegstream.tables.writing import write_table
from eegstream.token_dataset import TokenDataset

_MOST_VALUES = 1024
_BLOCK_S, _ALPHA_HZ, _ALPHA_UV = 10.0, 10.0, 18.0
_WIDTH, _HEADS, _LAYERS = 64, 4, 2
_LOOKS = 20


def made_up(folder: Path, bundle: str, recordings: int, seconds: float) -> Path:
    """A data set of synthetic EEG with alpha waves while the eyes are closed, every other ten seconds."""
    tokenizer = Tokenizer.load(bundle, "cpu")
    tables = []
    for number in range(recordings):
        plain = read_recording(f"synthetic:rate=250,channels=4,seconds={seconds:g},seed={number}")
        starts = np.arange(0, seconds, _BLOCK_S)
        closed = (plain.times_s // _BLOCK_S) % 2 == number % 2
        alpha = _ALPHA_UV * np.sin(2 * np.pi * _ALPHA_HZ * plain.times_s) * closed
        events = tuple(
            FileEvent(start, _BLOCK_S, "closed" if place % 2 == number % 2 else "open")
            for place, start in enumerate(starts.tolist())
        )
        given = replace(plain, pieces=HeldSamples((plain.samples + alpha).astype(np.float32)), events=events)
        tables.append(folder / f"{number}.parquet")
        with write_table(tables[-1], RecordingNames(f"r{number:02}", "eyes", f"{number:02}")) as sink:
            encode_streams([given], tokenizer.engine, SignalOptions(), sink, print)
    gather(tables, folder / "set")
    return folder / "set"


@dataclass(frozen=True)
class Batch:
    """Kept tokens of some items, each numbered within its own code."""

    tokens: Tensor
    """(B, T) from 1; 0 for gaps and padding."""
    labels: Tensor
    """(B, T) event of the patch at its last kept code, else -1."""


class Kept:
    """The codes of a patch that the model sees, as a small vocabulary of their own."""

    def __init__(self, data: TokenDataset) -> None:
        small = [size <= _MOST_VALUES for size in data.words]
        if not any(small):
            raise SystemExit(f"no code of this bundle has at most {_MOST_VALUES} values: {data.words}")
        shifts, size = [], 1
        for own, is_small in zip(data.words, small, strict=True):
            shifts.append(size)
            size += own if is_small else 0
        self.size, self.last = size, max(place for place, is_small in enumerate(small) if is_small)
        self._is_small, self._shifts = torch.tensor(small), torch.tensor(shifts)
        self._offsets = torch.tensor([3 + sum(data.words[:place]) for place in range(len(data.words))])

    def of(self, item: dict[str, Tensor]) -> Batch:
        """The kept tokens of items (B, T); gaps stay."""
        position = item["position"].long()
        code = position.clamp(min=0)
        number = torch.where(position >= 0, item["tokens"] - self._offsets[code] + self._shifts[code], 0)
        keeps = (position < 0) | self._is_small[code]
        labels = torch.where(position == self.last, item["event"], -1)
        rows = [(number[row][keeps[row]], labels[row][keeps[row]]) for row in range(len(number))]
        shortest = min(len(tokens) for tokens, _ in rows)
        return Batch(*(torch.stack([part[:shortest] for part in parts]) for parts in zip(*rows, strict=True)))


class LabelledModel(nn.Module):
    """A causal transformer with two heads: the next token, and the event of the patch that a token ends."""

    def __init__(self, tokens: int, labels: int, length: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, _WIDTH)
        self.places = nn.Embedding(length, _WIDTH)
        layer = nn.TransformerEncoderLayer(_WIDTH, _HEADS, 4 * _WIDTH, dropout=0.1, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.next, self.event = nn.Linear(_WIDTH, tokens), nn.Linear(_WIDTH, labels)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B, T, tokens) of the next token, and (B, T, L) of the event."""
        length = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        x = self.embedding(tokens) + self.places(torch.arange(length))
        x = self.blocks(x, mask=mask, is_causal=True)
        return self.next(x), self.event(x)

    def losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Bits of a token, and nats of a label; each the mean of what there is."""
        scores, events = self(batch.tokens)
        target = batch.tokens[:, 1:]
        nats = functional.cross_entropy(scores[:, :-1].flatten(0, 1), target.flatten(), ignore_index=0)
        return nats / np.log(2), functional.cross_entropy(events.flatten(0, 1), batch.labels.flatten(), ignore_index=-1)


@torch.no_grad()
def measured(model: LabelledModel, batches: list[Batch]) -> tuple[float, float]:
    """Bits of a held-out token, and the share of labels that are right, each label counting the same."""
    model.eval()
    bits = float(np.mean([float(model.losses(batch)[0]) for batch in batches]))
    said = torch.cat([model(batch.tokens)[1].argmax(-1).flatten() for batch in batches])
    true = torch.cat([batch.labels.flatten() for batch in batches])
    rights = [float((said[true == label] == label).float().mean()) for label in true[true >= 0].unique()]
    return bits, float(np.mean(rights))


def endless(data: TokenDataset, kept: Kept, rows: int) -> Iterator[Batch]:
    """Batches, epoch after epoch."""
    epoch = 0
    while True:
        data.set_epoch(epoch)
        for item in DataLoader(data, batch_size=rows):
            yield kept.of(item)
        epoch += 1


def main(arguments: list[str] | None = None) -> None:
    """Train, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", help="a folder that `eegstream export` made")
    parser.add_argument("--bundle", default="default", help="of made-up recordings")
    parser.add_argument("--recordings", type=int, default=20, help="made-up ones")
    parser.add_argument("--seconds", type=float, default=120.0, help="of a made-up recording")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--context", type=int, default=640, help="tokens of an item")
    parser.add_argument("--out", type=Path, default=Path("token_labels"))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = given.dataset or made_up(Path(folder), given.bundle, given.recordings, given.seconds)
        train(Path(path), given.steps, given.context, given.out)


def train(path: Path, steps: int, context: int, out: Path) -> None:
    """Train on the split `train`; measure on the people of the other two, whom the model does not know."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data = eegstream.dataset(path, "train", context=context, shuffle=0)
    if len(data.labels) < 2:
        raise SystemExit(f"expected two labels of events or more: {data.labels}")
    kept = Kept(data)
    held_out = [name for name in ("validation", "test") if (path / f"split={name}").is_dir()]
    asked = [
        kept.of(item)
        for name in held_out
        for item in DataLoader(eegstream.dataset(path, name, context=context), batch_size=16)
    ]
    if not asked:
        raise SystemExit(f"{path} has nobody in validation or test: give more recordings")
    model = LabelledModel(kept.size, len(data.labels), context)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    looks: list[tuple[int, float, float]] = []
    for step, batch in zip(range(steps + 1), endless(data, kept, 16), strict=False):
        if step % max(steps // _LOOKS, 1) == 0 or step == steps:
            looks.append((step, *measured(model, asked)))
            print(f"step {step}: {looks[-1][1]:.3f} bit a token, {100 * looks[-1][2]:.1f} % of labels right")
        if step < steps:
            model.train()
            optimizer.zero_grad()
            bits, labels = model.losses(batch)
            (bits + labels).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    draw(looks, data.labels, out.with_suffix(".png"))


def draw(looks: list[tuple[int, float, float]], labels: tuple[str, ...], path: Path) -> None:
    """Both curves of held-out people."""
    step, bits, right = np.array(looks).T
    figure = Figure(figsize=(8, 3), layout="constrained", dpi=150)
    left, middle = figure.subplots(1, 2)
    left.plot(step, bits, color="#c8442c", lw=1.8)
    left.set(title="Next token, people not seen", xlabel="step", ylabel="bit a token")
    middle.plot(step, 100 * right, color="#2b6ca3", lw=1.8)
    middle.axhline(100 / len(labels), color="#5f6b76", lw=1, ls=":")
    middle.annotate("by chance", (step[-1], 100 / len(labels)), ha="right", va="bottom", color="#5f6b76")
    shown = ", ".join(labels[:4]) + (" ..." if len(labels) > 4 else "")
    middle.set(title=f"Event of a patch: {shown}", xlabel="step", ylabel="right, %", ylim=(0, 102))
    for axes in (left, middle):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
    print(f"{path} is drawn")


if __name__ == "__main__":
    main()
