"""One corpus, one small bundle, and what comes of them in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from eegstream.codec.trust import Trust
from eegstream.corpus.request import Request, Summary
from eegstream.corpus.run import encode_corpus
from eegstream.workers.spreading import here
from tests.corpus.made import make_corpus
from tests.identity_bundle import digest, manifest, write_bundle

COUNT, DAMAGED = 14, 3


@dataclass(frozen=True)
class Made:
    """A corpus and the bundle for it."""

    folder: Path
    bundle: Path
    outputs: dict[str, bytes]
    """What comes of it, by name."""

    def request(self, folder: Path, *paths: Path, **more: object) -> Request:
        """A request for the corpus, or for other paths."""
        return Request(
            tuple(map(str, paths or (self.folder,))),
            folder,
            model=str(self.bundle),
            trust=Trust(sha256=digest(self.bundle)),
            device="cpu",
            **more,
        )


def outputs(folder: Path) -> dict[str, bytes]:
    """The codes files of a folder by name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.mcap")}


Run = Callable[..., Summary]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Fourteen recordings, three of them damaged."""
    folder = tmp_path_factory.mktemp("corpus")
    make_corpus(folder / "in", COUNT, seconds=(2, 4), damaged=DAMAGED)
    bundle = write_bundle(folder / "identity.pt", manifest())
    corpus = Made(folder / "in", bundle, {})
    encode_corpus(corpus.request(folder / "out"), here, lambda: 1, lambda _: None)
    return Made(folder / "in", bundle, outputs(folder / "out"))


@pytest.fixture
def run(made: Made) -> Run:
    """Encodes in this process."""

    def encode(folder: Path, *paths: Path, tell: Callable[[str], None] = lambda _: None, **more: object) -> Summary:
        return encode_corpus(made.request(folder, *paths, **more), here, lambda: 1, tell)

    return encode
