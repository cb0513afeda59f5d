"""How tests are shared out among processes: whole files, and those with real peers first."""

import os
from pathlib import Path

import pytest

LIVE = ("e2e", "faults", "daemon", "test_elsewhere.py", "soak", "test_publisher.py", "test_client.py")
"""Folders and files whose tests play, listen and wait in real time. They mostly wait, so they run beside each other:
each process has LSL ports and a session of its own, and bounds on time grow by what the machine is late."""

LONGEST = (
    "faults/test_attacks.py",
    "faults/test_stopping.py",
    "faults/test_hostile.py",
    "e2e/test_shipped_bundles.py",
    "e2e/test_parity.py",
    "faults/test_outlets.py",
    "faults/test_field.py",
    "e2e/test_demo.py",
    "test_elsewhere.py",
    "faults/test_keys.py",
)
"""Files that take longest, longest first: they begin, so that no process is left with one of them at the end."""

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put tests with real peers first, the longest at the beginning, where `--dist=loadfile` shares out whole files."""
    if os.name != "posix":
        _skip_what_needs_posix(items)
    if hasattr(config, "workerinput"):
        here = Path(__file__).parent
        items.sort(key=lambda item: _place(item.path.relative_to(here)))


def _place(file: Path) -> tuple[bool, int]:
    name = file.as_posix()
    return file.parts[0] not in LIVE, LONGEST.index(name) if name in LONGEST else len(LONGEST)
