"""Metrics: the names that the page has, one server that nobody can use to hold up samples, and probes."""

import math
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from eegstream.daemon.figures import STAGES, Figures, Histogram
from eegstream.daemon.liveness import Liveness
from eegstream.daemon.metrics import Metrics
from eegstream.daemon.observed import Observed
from eegstream.daemon.pages import Page, Pages
from eegstream.errors import EegstreamError
from eegstream.wire.addresses import loopback
from eegstream.wire.reasons import GAP_REASONS, STATUSES
from tests.markdown import REFERENCE, tables, words

NAMES = {
    "eegstream_run_info",
    "eegstream_samples_received_total",
    "eegstream_samples_dropped_total",
    "eegstream_patches_encoded_total",
    "eegstream_gaps_total",
    "eegstream_streams_refused_total",
    "eegstream_subscribers_refused_total",
    "eegstream_publisher_restarts_total",
    "eegstream_streams",
    "eegstream_channels",
    "eegstream_ready",
    "eegstream_moved_age_seconds",
    "eegstream_stage_seconds",
    "eegstream_lag_seconds",
}
"""Dashboards and alarms are built on these: none may be renamed."""


class Clock:
    """The daemon's clock."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Publisher:
    """A publisher's counts."""

    refused, restarts = 7, 1


class Daemon:
    """Metrics as the daemon has them."""

    def __init__(self) -> None:
        self.clock, self.figures = Clock(), Figures()
        self.liveness = Liveness(self.clock)
        self.metrics = Metrics("127.0.0.1:0", self.liveness)
        self.base = self.metrics.url.removesuffix("/metrics")
        self.worker_moved_s = 0.0

    def start(self) -> None:
        self.metrics.observe(
            Observed(self.figures, Publisher(), lambda: 5, {"run": "ab", "model": "fast@2", "device": "cpu"})
        )
        self.liveness.watch(lambda: self.worker_moved_s)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.base + path, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def values(self) -> dict[tuple[str, tuple[str, ...]], float]:
        status, text = self.get("/metrics")
        assert status == 200
        families = text_string_to_metric_families(text)
        return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon()
    yield daemon
    daemon.metrics.close()


def test_the_names_are_those_of_the_page(daemon: Daemon) -> None:
    """And the labels; each is served, and nothing else is of this project."""
    daemon.start()
    text = daemon.get("/metrics")[1]
    served = set(re.findall(r"^(eegstream_\w+?)(?:_bucket|_count|_sum)?(?:\{.*\})? ", text, re.MULTILINE))
    page = tables((REFERENCE / "live-metrics.md").read_text(encoding="utf-8"))
    listed = {words(row["name"])[0]: row for row in page[1]}
    assert served == listed.keys() == NAMES
    types = dict(re.findall(r"^# TYPE (eegstream_\w+) (\w+)", text, re.MULTILINE))
    assert types == {name: row["type"] for name, row in listed.items()}
    for name, row in listed.items():
        labels = set(re.findall(rf"^{name}(?:_bucket)?\{{(.*)\}} ", text, re.MULTILINE))
        names = {pair.partition("=")[0] for label in labels for pair in label.split(",")}
        assert names - {"le"} == set(words(row["labels"])), name
    assert [words(row["stage"])[0] for row in page[2]] == list(STAGES)


def test_the_values_are_the_figures(daemon: Daemon) -> None:
    """Every reason and status is there from the start, so that rates are known at the first event."""
    daemon.start()
    assert {key[1][0] for key in daemon.values() if key[0] == "eegstream_gaps_total"} == set(GAP_REASONS)
    assert {key[1][0] for key in daemon.values() if key[0] == "eegstream_streams"} == set(STATUSES)
    figures = daemon.figures
    with figures.taking(25, 0.002):
        pass
    figures.note_dropped(3)
    figures.note_lag(0.02, 0.004)
    figures.gaps["missing"] += 2
    figures.statuses, figures.channels = {"live": 2}, 16
    daemon.clock.now_s, daemon.worker_moved_s = 4.0, 3.0
    values = daemon.values()
    assert values["eegstream_samples_received_total", ()] == 28
    assert values["eegstream_samples_dropped_total", ()] == 3
    assert values["eegstream_gaps_total", ("missing",)] == 2
    assert values["eegstream_streams", ("live",)] == 2
    assert values["eegstream_channels", ()] == 16
    assert values["eegstream_streams_refused_total", ()] == 5
    assert values["eegstream_subscribers_refused_total", ()] == 7
    assert values["eegstream_moved_age_seconds", ("main",)] == 4
    assert values["eegstream_moved_age_seconds", ("worker",)] == 1
    assert values["eegstream_lag_seconds_sum", ()] == 0.02
    assert values["eegstream_lag_seconds_count", ()] == 1
    text = daemon.get("/metrics")[1]
    assert 'eegstream_stage_seconds_bucket{le="0.0025",stage="inbox"} 1.0' in text
    assert 'eegstream_stage_seconds_bucket{le="0.001",stage="inbox"} 0.0' in text


def test_every_duration_is_in_one_bucket() -> None:
    """Also those below 0, which clocks can give, and very long ones."""
    histogram = Histogram()
    for duration_s in (-1.0, 0.0, 1e-4, 10.0, 11.0, math.inf):
        histogram.note(duration_s)
    assert (histogram.counts[0], histogram.counts[-2], histogram.counts[-1]) == (3, 1, 2)


def test_probes_follow_the_daemon(daemon: Daemon) -> None:
    """Not ready until it is; alive until one of the parts hangs, which is named."""
    assert daemon.get("/readyz")[0] == daemon.get("/metrics")[0] == 503
    daemon.clock.now_s = 100.0
    assert daemon.get("/livez") == (200, "ok\n")
    daemon.worker_moved_s = 100.0
    daemon.start()
    assert (daemon.get("/readyz")[0], daemon.get("/livez")[0]) == (200, 200)
    daemon.clock.now_s = 111.0
    daemon.liveness.main_moved()
    assert daemon.get("/livez") == (503, "the worker has not moved for 11 s\n")
    daemon.worker_moved_s = 121.5
    daemon.clock.now_s = 122.0
    assert daemon.get("/livez") == (503, "the main loop has not moved for 11 s\n")
    daemon.liveness.main_moved(readers_move=False)
    assert daemon.get("/livez") == (503, "every reader hangs in liblsl\n")
    daemon.liveness.main_moved()
    assert daemon.get("/livez")[0] == 200


@pytest.fixture
def pages() -> Iterator[Pages]:
    pages = Pages("127.0.0.1", 0, {"/x": lambda: Page(200, b"x\n"), "/bad": lambda: Page(200, b"%d" % (1 // 0))})
    yield pages
    pages.close()


def _ask(pages: Pages, request: bytes) -> bytes:
    host, port = pages.url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as client:
        client.settimeout(10)
        client.sendall(request)
        parts = []
        while part := client.recv(65536):
            parts.append(part)
        return b"".join(parts)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /x HTTP/1.1", 200),
        (b"GET /x?a=b HTTP/1.0", 200),
        (b"HEAD /x HTTP/1.1", 200),
        (b"POST /x HTTP/1.1", 405),
        (b"GET /../etc/passwd HTTP/1.1", 404),
        (b"GET /bad HTTP/1.1", 503),
        (b"GET /x SPDY/3", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"", 400),
    ],
)
def test_every_request_has_an_answer(pages: Pages, request_line: bytes, status: int) -> None:
    """Whatever it is; the server goes on."""
    answer = _ask(pages, request_line + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.endswith(b"x\n") == (status == 200 and not request_line.startswith(b"HEAD"))
    assert _ask(pages, b"GET /x HTTP/1.1\r\n\r\n").endswith(b"x\n")


def test_a_slow_client_is_left_after_a_second(pages: Pages) -> None:
    """It cannot keep the next one waiting for ever, by sending nothing or by sending a letter at a time."""
    host, port = pages.url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as slow:
        sending = threading.Event()

        def drip() -> None:
            while not sending.wait(0.2):
                try:
                    slow.sendall(b"G")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        began_s = time.monotonic()
        assert _ask(pages, b"GET /x HTTP/1.1\r\n\r\n").endswith(b"x\n")
        assert time.monotonic() - began_s < 5.0
        sending.set()
        thread.join()


def test_a_client_that_asks_in_a_loop_gets_few_answers(pages: Pages) -> None:
    """So it has little of the interpreter's time."""
    began_s = time.monotonic()
    for _ in range(30):
        _ask(pages, b"GET /x HTTP/1.1\r\n\r\n")
    assert time.monotonic() - began_s > 29 * 0.02


def test_an_address_in_use_is_one_clear_line(pages: Pages) -> None:
    """The exit code is that of failures, since a later start may help."""
    port = int(pages.url.rpartition(":")[2])
    with pytest.raises(EegstreamError, match=rf"metrics cannot be served at 127\.0\.0\.1:{port} .*--metrics") as caught:
        Pages("127.0.0.1", port, {})
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("address", ["127.0.0.1:9571", "127.9.9.9:1", "[::1]:9571", "localhost:0"])
def test_loopback_addresses_are_taken(address: str) -> None:
    """In both versions of IP."""
    host, port = loopback(address)
    assert port == int(address.rpartition(":")[2])
    assert ":" not in host or host == "::1"


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:9571", ":9571", "9571", "*:9571", "192.168.1.2:9571", "[::]:9571", "example.org:80", "127.0.0.1",
     "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:1x", "http://127.0.0.1:1", "127.0.0.1:1\n"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    """What other machines could reach, and what is no address."""
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:9571"):
        loopback(address)
