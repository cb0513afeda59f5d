"""What outlets say of themselves is read within limits, by processes that may end at any time."""

import subprocess
import sys
import threading
import time

import pytest

from eegstream.errors import StreamError
from eegstream.lsl.description import LONGEST_DESCRIPTION, LONGEST_TEXT, OversizedError, channel_texts
from eegstream.lsl.discovery import Discovery
from eegstream.lsl.prober import Prober, UnansweredError
from tests.e2e.harness import PATIENCE_S, OutletPlan, Process, outlet
from tests.faults.machine import Machine


class Node:
    """A node of a description, as pylsl gives it."""

    def __init__(self, channels: list[dict[str, str]], index: int = 0) -> None:
        self._channels, self._index = channels, index

    def desc(self) -> "Node":
        return self

    def child(self, tag: str) -> "Node":
        return self

    def child_value(self, tag: str) -> str:
        return self._channels[self._index].get(tag, "") if self._index < len(self._channels) else ""

    def next_sibling(self, tag: str) -> "Node":
        return Node(self._channels, self._index + 1)


def announced(name: str):
    """The announcement of an outlet."""
    discovery, end_s = Discovery(), time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        for stream in discovery.announcements():
            if stream.name == name:
                return stream
        time.sleep(0.02)
    raise AssertionError(f"{name} was not found")


@pytest.fixture(scope="module")
def prober():
    with Prober() as running:
        yield running


@pytest.fixture(scope="module")
def good():
    """A real outlet."""
    with outlet(OutletPlan("probed", "probed-1")):
        yield announced("probed")


def test_a_description_tells_every_channel_and_ignores_what_is_beyond():
    """What is not stated is ""."""
    node = Node([{"label": " Fz ", "unit": "uV"}, {"name": "Cz", "scaling": "0.1"}, {"label": "beyond"}])
    texts = channel_texts(node, 2)
    assert [(text.label, text.unit, text.factor) for text in texts] == [("Fz", "uV", ""), ("Cz", "", "0.1")]
    assert [text.label for text in channel_texts(node, 4)] == ["Fz", "Cz", "beyond", ""]


@pytest.mark.parametrize(
    ("tag", "what"), [("label", "label"), ("unit", "unit"), ("type", "type"), ("scaling", "factor")]
)
def test_a_text_that_is_too_long_is_refused(tag, what):
    """One character decides."""
    assert channel_texts(Node([{tag: "x" * LONGEST_TEXT}]), 1)
    with pytest.raises(OversizedError, match=f"the {what} of channel 1 has {LONGEST_TEXT + 1} characters"):
        channel_texts(Node([{tag: "x" * (LONGEST_TEXT + 1)}]), 1)


def test_texts_that_are_too_long_together_are_refused():
    """Each of them would pass."""
    fitting = LONGEST_DESCRIPTION // LONGEST_TEXT
    channels = [{"label": "x" * LONGEST_TEXT}] * (fitting + 1)
    assert channel_texts(Node(channels), fitting)
    with pytest.raises(OversizedError, match="expected at most"):
        channel_texts(Node(channels), fitting + 1)


def test_a_process_that_was_killed_is_replaced(prober, good):
    """Whoever asks next gets an answer, in fair time."""
    assert [text.label for text in prober.describe(good, threading.Event())] == ["Fz", "Cz", "Pz"]
    for asker in list(prober._idle):
        asker.kill()
        asker._process.wait(PATIENCE_S)
    assert len(prober.describe(good, threading.Event())) == 3


def test_questions_are_asked_side_by_side(prober, good):
    """A mute outlet, which has 3 s to answer, keeps nobody waiting; a stop ends its question at once."""
    stop, ended = threading.Event(), []
    with Machine() as machine, Process("hostile", "-m", "tests.faults.hostile", "mute") as hostile:
        hostile.wait_line("^up ")
        mute = announced("h-mute")

        def ask() -> None:
            with pytest.raises(UnansweredError):
                prober.describe(mute, stop)
            ended.append(time.monotonic())

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        begun_s = time.monotonic()
        assert len(prober.describe(good, threading.Event())) == 3
        assert time.monotonic() - begun_s < 6.0, "one after the other they would take 9 s"
        begun_s = time.monotonic()
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert max(ended) - begun_s < 0.5 + 3 * machine.pause_s


def test_an_endless_description_ends_its_process_and_no_other(prober, good):
    """The reason is told, and the next question is answered."""
    with Process("hostile", "-m", "tests.faults.hostile", "biginfo") as hostile:
        hostile.wait_line("^up ")
        with pytest.raises(UnansweredError, match="more than 64 MiB"):
            prober.describe(announced("h-biginfo"), threading.Event())
    assert len(prober.describe(good, threading.Event())) == 3


def test_a_refusal_by_size_is_final(prober):
    """It is an error of the stream, not a matter of patience."""
    with Process("hostile", "-m", "tests.faults.hostile", "longlabel") as hostile:
        hostile.wait_line("^up ")
        with pytest.raises(StreamError, match="300 characters"):
            prober.describe(announced("h-longlabel"), threading.Event())


def test_a_closed_prober_leaves_no_process(good):
    """Neither idle nor busy ones."""
    prober = Prober()
    prober.describe(good, threading.Event())
    askers = list(prober._idle)
    prober.close()
    assert askers
    for asker in askers:
        asker._process.wait(PATIENCE_S)


GROW = """
import resource
from eegstream.lsl.memory import growth_limited
before = resource.getrlimit(resource.RLIMIT_DATA)
with growth_limited(64), growth_limited(64):
    try:
        bytearray(256 * 2**20)
    except MemoryError:
        print("refused")
assert resource.getrlimit(resource.RLIMIT_DATA) == before
print(len(bytearray(256 * 2**20)) // 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone keeps such a limit")
def test_growth_is_limited_within_the_context_and_not_after_it():
    """An allocation beyond it fails as on a full machine."""
    done = subprocess.run([sys.executable, "-c", GROW], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["refused", "256"]
