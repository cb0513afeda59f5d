"""Listen to a running daemon as a language model would: the tokens of every channel, as they come.

python docs/examples/listen.py
python docs/examples/listen.py --model language_model.pt

Each line is a patch of a channel. A gap is the token 1, and so are patches that were lost on the way and are no longer
to be had; a new epoch begins with an empty context. With a model of `language_model.py`, each line ends with the bits
that the patch was worth to it: how much it surprised, given the patches before. Without one, no PyTorch is needed.

C channels, P patches, G codes of a patch.
"""

import argparse
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eegstream.client import DEFAULT_URL, Codes, Damaged, End, Gap, Loss, Message, Spec, Subscriber
from eegstream.errors import EegstreamError
from eegstream.vocabularies import GAP, Vocabulary, vocabulary

Surprise = Callable[[Vocabulary, NDArray[np.int64]], NDArray[np.float64]]
"""Bits (C,) of the last of some consecutive patches (C, P, G), given the others."""

_PATCHES = 8


class Context:
    """What a model of one stream may see: the tokens of the last patches of one epoch, with gaps between them."""

    def __init__(self, spec: Spec, words: Vocabulary, patches: int) -> None:
        self.spec, self.words = spec, words
        self._columns: deque[NDArray[np.int64] | None] = deque(maxlen=patches)
        """(C, G) tokens of each patch; None is a gap."""
        self._due: tuple[int, int] | None = None
        """Segment and number of the patch that comes next if nothing is lost; None at the start and behind a gap."""

    def add(self, codes: Codes) -> Iterator[tuple[float, NDArray[np.int64]]]:
        """Take patches in; yield the time and the tokens (C, G) of each one when it is the newest."""
        if self._due is not None and self._due != (codes.segment, codes.first):
            self.add_gap()
        for t, patch in zip(codes.t, codes.array, strict=True):
            tokens = patch.astype(np.int64) + self.words.offsets
            self._columns.append(tokens)
            yield t, tokens
        self._due = codes.segment, codes.first + codes.shape[0]

    def add_gap(self) -> None:
        """Note that patches are missing here; several gaps on end are one."""
        self._due = None
        if self._columns and self._columns[-1] is not None:
            self._columns.append(None)

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Tokens (C, T) of the context; a gap is one token."""
        gap = np.full((len(self.spec.channels), 1), GAP)
        columns = [gap if column is None else column for column in self._columns]
        return np.concatenate([gap[:, :0], *columns], axis=1)

    @property
    def unbroken(self) -> NDArray[np.int64]:
        """Codes (C, P, G) of the patches behind the last gap."""
        kept: list[NDArray[np.int64]] = []
        for column in self._columns:
            kept = [] if column is None else [*kept, column - self.words.offsets]
        return np.stack(kept, axis=1)


class Listener:
    """Contexts of all streams; pure but for `recover`, which asks the daemon for lost messages."""

    def __init__(
        self, patches: int, surprise: Surprise | None, recover: Callable[[Loss], Iterator[Message | Loss]]
    ) -> None:
        self._patches, self._surprise, self._recover = patches, surprise, recover
        self.contexts: dict[str, Context] = {}

    def heard(self, item: Message | Loss | Damaged) -> Iterator[str]:
        """Lines for people on what came."""
        context = self.contexts.get(item.stream)
        if isinstance(item, Loss):
            for found in self._recover(item):
                yield from self._missed(found) if isinstance(found, Loss) else self.heard(found)
        elif isinstance(item, Spec):
            if context is None or (context.spec.run, context.spec.epoch) != (item.run, item.epoch):
                yield self._begin(item)
        elif context is None:
            return
        elif isinstance(item, Codes):
            for t, tokens in context.add(item):
                yield from self._lines(context, t, tokens)
        elif isinstance(item, Gap):
            context.add_gap()
            yield f"{item.stream}: token {GAP}, a gap ({item.reason})"
        elif isinstance(item, End):
            del self.contexts[item.stream]
            yield f"{item.stream}: end of epoch {item.epoch} ({item.reason})"

    def _missed(self, loss: Loss) -> Iterator[str]:
        if loss.stream in self.contexts:
            self.contexts[loss.stream].add_gap()
        yield f"{loss.stream}: token {GAP}, {loss.count} messages were lost on the way"

    def _begin(self, spec: Spec) -> str:
        """A new epoch. The bundle must be one of those that come with the package."""
        self.contexts.pop(spec.stream, None)
        title = f"{spec.model.name}@{spec.model.version}"
        try:
            words = vocabulary(title)
        except EegstreamError as error:
            return f"{spec.stream}: not followed: {error}"
        if words.seen.sha256 != spec.model.sha256:
            return f"{spec.stream}: not followed: its {title} is not the one that is installed here"
        self.contexts[spec.stream] = Context(spec, words, self._patches)
        return f"{spec.stream}: epoch {spec.epoch}, {len(spec.channels)} channels, {words.size} tokens of {title}"

    def _lines(self, context: Context, t: float, tokens: NDArray[np.int64]) -> Iterator[str]:
        bits = self._surprise(context.words, context.unbroken) if self._surprise else None
        for number, label in enumerate(context.spec.channels):
            worth = "" if bits is None else f"  {bits[number]:.1f} bit"
            yield f"{context.spec.stream} {t:.2f} s {label}: {' '.join(map(str, tokens[number]))}{worth}"


def surprise_of(path: str) -> tuple[int, Surprise]:
    """Patches of a context, and the surprise by a model that `language_model.py` trained."""
    import torch  # noqa: PLC0415  (only with a model)
    from tiny_model import Parts, TinyModel  # noqa: PLC0415  (likewise)

    saved = torch.load(path, weights_only=True)
    torch.set_num_threads(1)
    known: dict[str, tuple[Parts, TinyModel]] = {}

    def surprise(words: Vocabulary, codes: NDArray[np.int64]) -> NDArray[np.float64]:
        if words.seen.sha256 != saved["bundle"]:
            raise SystemExit(f"the model is not of {words.seen.title}: train one of the bundle that the daemon uses")
        if words.seen.sha256 not in known:
            parts = Parts.of(words)
            model = TinyModel(parts.sizes, saved["patches"])
            model.load_state_dict(saved["weights"])
            known[words.seen.sha256] = parts, model.eval()
        parts, model = known[words.seen.sha256]
        with torch.inference_mode():
            bits = model.bits(torch.from_numpy(parts.split(codes)).flatten(1))
        return bits[:, -len(parts.sizes) :].sum(1).double().numpy()

    return saved["patches"], surprise


def main(arguments: Sequence[str] | None = None) -> None:
    """Print until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--url", default=DEFAULT_URL, help="where the daemon publishes")
    parser.add_argument("--stream", help="only this stream")
    parser.add_argument("--model", help="OUT.pt of language_model.py")
    given = parser.parse_args(arguments)
    patches, surprise = surprise_of(given.model) if given.model else (_PATCHES, None)
    with Subscriber(given.url, given.stream) as subscriber:
        listener = Listener(patches, surprise, subscriber.resume)
        for item in subscriber:
            for line in listener.heard(item):
                print(line, flush=True)


if __name__ == "__main__":
    main()
