"""The examples of docs/examples run as their pages say: they train, draw, and listen to a real publisher."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import zmq
from hypothesis import given
from hypothesis import strategies as st

from eegstream import Tokenizer
from eegstream.client import Codes, Gap, Loss
from eegstream.files.recordings import read_recording
from eegstream.stream import SignalOptions
from eegstream.tokenizer import encode_recording
from eegstream.vocabularies import GAP, vocabulary
from eegstream.wire.messages import Message
from tests.e2e.harness import DATA, NO_DATA
from tests.markdown import ROOT

EXAMPLES = ROOT / "docs/examples"
MADE_UP = "synthetic:rate=250,channels=3,seconds=60,seed=1"
PATIENCE_MS = 60_000


Import = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def example() -> Iterator[Import]:
    """Import one of the examples; their folder is where Python looks first, as when one of them is run."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        yield importlib.import_module
    torch.set_num_threads(threads)


@pytest.fixture
def train(example: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Train a little on recordings; what is printed, but for the paths in its last line."""

    def run(*arguments: str) -> list[str]:
        example("language_model").main([*arguments, "--steps", "3", "--out", str(tmp_path / "small")])
        assert (tmp_path / "small.png").read_bytes().startswith(b"\x89PNG")
        return capsys.readouterr().out.splitlines()[:-1]

    return run


@pytest.mark.parametrize("bundle", ["default", "fast", "seed"])
def test_a_language_model_trains_on_made_up_eeg(bundle: str, train: Callable[..., list[str]], tmp_path: Path) -> None:
    """With any bundle, to the same figures each time; its last line has the bits beside those of even chances."""
    told = train(MADE_UP, "--bundle", bundle, "--patches", "4")
    assert told == train(MADE_UP, "--bundle", bundle, "--patches", "4")
    even = sum(np.log2(vocabulary(bundle).words))
    assert f"{even:.2f} with even chances" in told[-1]
    saved = torch.load(tmp_path / "small.pt", weights_only=True)
    assert (saved["bundle"], saved["patches"]) == (vocabulary(bundle).seen.sha256, 4)


def test_a_model_learns_the_events_of_a_data_set(
    example: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bits fall and labels are told right more often, of people whom the model has not seen."""
    pytest.importorskip("pyarrow", reason="tables need the extra `parquet`")
    settings = ["--bundle", "fast", "--recordings", "10", "--seconds", "20", "--steps", "30", "--context", "80"]
    example("token_labels").main([*settings, "--out", str(tmp_path / "labels")])
    told = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("step")]
    bits, right = ([float(line[place]) for line in told] for place in (2, 6))
    assert bits[-1] < 0.8 * bits[0]
    assert right[-1] > 60
    assert (tmp_path / "labels.png").read_bytes().startswith(b"\x89PNG")


def test_a_language_model_trains_on_recordings(train: Callable[..., list[str]], example: Import) -> None:
    """Of two real recordings the second one is held out: every stretch of eight patches, in every channel."""
    files = [DATA / f"dev/eegmat/Subject{subject}_1.edf" for subject in ("14", "15")]
    if not all(file.is_file() for file in files):
        pytest.skip(NO_DATA)
    tokenizer = Tokenizer.load("default", "cpu")
    recordings = example("language_model").encoded(tokenizer, list(map(str, files)))
    fit, held_out = (sum(20 * (len(segment.codes) - 7) for segment in segments) for segments in recordings)
    assert f"{fit} contexts of 8 patches to fit, {held_out} held out" in train(*map(str, files))[0]


def test_too_short_recordings_are_refused(tmp_path: Path, example: Import) -> None:
    """In one line that says how many patches are needed."""
    main = example("language_model").main
    with pytest.raises(SystemExit, match="not 8 patches in a row"):
        main(["synthetic:rate=250,channels=2,seconds=9,seed=1", "--out", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="no bundle is called"):
        main([MADE_UP, "--bundle", "nothing", "--out", str(tmp_path / "none")])


@given(
    radices=st.lists(st.lists(st.integers(2, 9), min_size=1, max_size=4), min_size=1, max_size=5),
    seed=st.integers(0, 2**32),
)
def test_parts_are_codes_again(example: Import, radices: list[list[int]], seed: int) -> None:
    """Split and joined, every code is what it was, and every part lies within its size."""
    parts = example("tiny_model").Parts(tuple(map(tuple, radices)))
    codes = np.random.default_rng(seed).integers(0, [np.prod(own) for own in radices], (4, 3, len(radices)))
    split = parts.split(codes)
    assert (split < parts.sizes).all()
    assert (parts.join(split) == codes).all()


def test_the_model_hears_nothing_of_what_comes(example: Import) -> None:
    """Bits of a part are the same, whatever follows it, and those of all its values are chances that sum to one."""
    torch.manual_seed(1)
    model = example("tiny_model").TinyModel([5, 7], patches=4).eval()
    parts = torch.stack([torch.randint(size, (3,)) for _ in range(4) for size in (5, 7)], dim=1)
    other = parts.clone()
    other[:, 5:] = 0
    with torch.inference_mode():
        assert torch.allclose(model.bits(parts)[:, :5], model.bits(other)[:, :5], atol=1e-5)
        every = torch.cat([parts[:1, :5].expand(7, -1), torch.arange(7)[:, None]], dim=1)
        assert float((2 ** -model.bits(every)[:, 5]).sum()) == pytest.approx(1.0, abs=1e-5)
    continued = model.continued(parts[:, :2], torch.Generator().manual_seed(1))
    assert (continued[:, :2] == parts[:, :2]).all()
    assert (continued < torch.tensor([5, 7]).repeat(4)).all()


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    """Of made-up EEG with a pause of three seconds in its middle."""
    recording = read_recording("synthetic:rate=250,channels=2,seconds=12,seed=2")
    times_s = recording.times_s.copy()
    times_s[len(times_s) // 2 :] += 3.0
    engine = Tokenizer.load("fast", "cpu").engine
    return list(encode_recording(replace(recording, times_s=times_s), engine, engine.facts, SignalOptions()))


def test_the_listener_prints_the_tokens_of_every_patch(
    messages: list[Message], tmp_path: Path, train: Callable[..., list[str]]
) -> None:
    """Over a socket such as the daemon's, with the bits by a model; behind a gap the context is new."""
    train(MADE_UP, "--bundle", "fast")
    command = [sys.executable, str(EXAMPLES / "listen.py"), "--model", str(tmp_path / "small.pt"), "--url"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        url = f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"
        with subprocess.Popen(
            [*command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                assert socket.poll(PATIENCE_MS), "it subscribes"
                for message in messages:
                    socket.send_multipart([message.topic.encode(), message.to_payload()])
                shown = []
                for line in process.stdout:
                    shown.append(line.rstrip())
                    if "end of epoch" in line:
                        break
            finally:
                process.kill()
            said = process.stderr.read()
    assert said == ""
    words = vocabulary("fast")
    assert shown[0].endswith(f"epoch 0, 2 channels, {words.size} tokens of fast@2")
    assert sum(f"token {GAP}, a gap" in line for line in shown) == 1
    patches = [line for line in shown if line.endswith(" bit")]
    codes = np.concatenate([m.array for m in messages if isinstance(m, Codes)])
    tokens = (codes + words.offsets).reshape(-1, len(words.words))
    assert [line.split(": ")[1].split("  ")[0] for line in patches] == [" ".join(map(str, row)) for row in tokens]
    assert len(shown) == len(patches) + 3


def test_a_gap_stands_where_patches_are_missing(messages: list[Message], example: Import) -> None:
    """For messages that are gone for good, and not for those that the daemon still has."""
    spec, first, second, third = messages[0], *[message for message in messages if isinstance(message, Codes)][:3]
    lost = Loss(spec.stream, spec.run, second.seq, 1)

    def context(recovered: list[Message | Loss], *items: Message | Loss) -> np.ndarray:
        listener = example("listen").Listener(100, None, lambda _: iter(recovered))
        for item in items:
            list(listener.heard(item))
        return listener.contexts[spec.stream].tokens

    whole = context([], spec, first, second, third)
    assert not (whole == GAP).any()
    assert (context([second], spec, first, lost, third) == whole).all()
    broken = context([lost], spec, first, lost, third)
    assert (broken == GAP).all(axis=0).sum() == 1
    assert (broken[:, broken[0] != GAP] == context([], spec, first, third)[:, broken[0] != GAP]).all()


def test_a_context_is_one_of_the_vocabulary(messages: list[Message], example: Import) -> None:
    """With the stream's own gap in it; what the model sees begins behind the gap; the epoch's end empties it."""
    words = vocabulary("fast")
    listener = example("listen").Listener(100, None, lambda _: iter(()))
    for message in messages[:-1]:
        list(listener.heard(message))
    context = listener.contexts[messages[0].stream]
    runs = words.from_tokens(context.tokens)
    assert len(runs) == 1 + sum(isinstance(message, Gap) for message in messages) == 2
    assert (runs[1].transpose(1, 0, 2) == context.unbroken).all()
    list(listener.heard(messages[-1]))
    assert not listener.contexts
