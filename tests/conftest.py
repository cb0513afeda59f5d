"""How tests are shared out among processes: those with real peers in one, one after the other, files whole."""

import os
from pathlib import Path

import pytest

LIVE = ("e2e", "faults", "daemon", "test_elsewhere.py", "test_outlet.py", "soak", "test_publisher.py", "test_client.py")
"""Folders and files whose tests play, listen and wait in real time: side by side they would be late for each other."""

NEED_POSIX = {
    "test_behind_a_link_its_target_is_written",
    "test_a_busy_ipc_path_is_said",
    "test_a_dead_address_is_told_and_leaves_no_file",
    "test_ctrl_c_ends_the_demo_with_its_summary",
    "test_an_interrupt_ends_cleanly_and_says_how_to_go_on",
    "test_the_demo_runs_without_posix_on_an_old_console",
    "test_files_are_read_and_written_without_posix",
    "test_absent_content_is_told_with_how_to_get_it",
    "test_a_killed_worker_loses_nothing",
    "test_content_that_is_not_on_this_machine_is_a_failure",
}
"""Tests that send signals, make links or pipes, or take POSIX away; and so do all of `faults`."""


def _skip_what_needs_posix(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "faults" or getattr(item, "originalname", item.name) in NEED_POSIX:
            item.add_marker(pytest.mark.skip(reason="needs signals or links as POSIX has them"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name each test's group for `--dist loadgroup`; the longest one begins."""
    if os.name != "posix":
        _skip_what_needs_posix(items)
    if not config.pluginmanager.hasplugin("xdist"):
        return
    here = Path(__file__).parent
    live = {item for item in items if item.path.relative_to(here).parts[0] in LIVE}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("live" if item in live else str(item.path.relative_to(here))))
    if config.getoption("dist", "no") != "no":
        items.sort(key=lambda item: item not in live)
