"""How tests are shared out among processes: those with real peers in one, one after the other, files whole."""

from pathlib import Path

import pytest

LIVE = ("e2e", "faults", "daemon", "test_elsewhere.py", "test_outlet.py", "test_publisher.py", "test_client.py")
"""Folders and files whose tests play, listen and wait in real time: side by side they would be late for each other."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name each test's group for `--dist loadgroup`; the longest one begins."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    here = Path(__file__).parent
    live = {item for item in items if item.path.relative_to(here).parts[0] in LIVE}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("live" if item in live else str(item.path.relative_to(here))))
    if config.getoption("dist", "no") != "no":
        items.sort(key=lambda item: item not in live)
