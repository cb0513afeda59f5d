"""Fixtures of the tests with real peers; each conftest takes them by importing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import DATA, NO_DATA, Daemon, Process, Recorder
from tests.e2e.telltale_bundle import write_telltale
from tests.e2e.warm import WarmDaemon

_LOG_LINES = 60


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose codes show every change of a sample or of the arithmetic."""
    return write_telltale(tmp_path_factory.mktemp("bundle") / "telltale.pt")


@pytest.fixture(scope="module")
def daemon(bundle: Path) -> Iterator[Daemon]:
    """A daemon for the module's tests, each with streams of its own names."""
    with WarmDaemon(bundle) as running:
        yield running


@pytest.fixture(scope="module")
def recorder(daemon: Daemon) -> Iterator[Recorder]:
    """Everything that the module's daemon publishes."""
    with Recorder(daemon.url) as listening:
        yield listening.connected()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real recordings."""
    if not (DATA / "dev").is_dir():
        pytest.skip(NO_DATA)
    return DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Show with a failure what every process of the test said."""
    report = yield
    if report.failed:
        for process in Process.started:
            report.sections.append((f"output of {process.name}", "\n".join(process.lines[-_LOG_LINES:])))
    return report


@pytest.fixture(autouse=True, scope="module")
def _forget_processes() -> Iterator[None]:
    yield
    Process.started.clear()
