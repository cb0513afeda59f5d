"""What is taken over from an earlier report."""

from pathlib import Path

import pytest

from eegstream.codec.bundle import load
from eegstream.errors import ConfigError
from trainer.evaluation.known_results import KnownResults

CURVES = {"curves": {"made": {"KLT + Lloyd-Max, gain": [[16.0, 0.9], [32.0, 0.8]]}}, "raw": {}}
REPORT = {
    "command": "python -m trainer.evaluate",
    "reference": {"bundle": "a@1"},
    "benches": {"windows": CURVES},
    "bundles": {"a@1": {"encode_ms": {}, "bits": 1}, "a-b@1": {"encode_ms": {}, "bits": 2}},
}


def test_of_a_name_only_the_versions_measured_now_stay() -> None:
    """Others are kept without times, and what was measured comes first."""
    results = {"reference": {"bundle": "a@2"}, "benches": {}, "bundles": {"a@2": {"bits": 3}}}
    found = KnownResults(REPORT).completed(results)
    assert list(found["bundles"].items()) == [("a@2", {"bits": 3}), ("a-b@1", {"bits": 2})]
    assert found["benches"] == REPORT["benches"]
    assert found["earlier"] == {"command": "python -m trainer.evaluate"}
    assert KnownResults().completed(results) == results


def test_curves_are_those_of_the_same_bits() -> None:
    """At other bits they are drawn anew."""
    known = KnownResults(REPORT)
    assert known.curves("windows", (16, 32)) == CURVES
    assert known.curves("windows", (16, 64)) is None
    assert known.curves("other windows", (16, 32)) is None


def test_another_file_or_another_seed_is_not_known() -> None:
    """The same title is not enough."""
    fast = load("fast")
    same = {"sha256": fast.sha256, "seeds": [1], "sets": {}}
    for own, is_known in ((same, True), (same | {"sha256": "00" * 32}, False), (same | {"seeds": [2]}, False)):
        known = KnownResults(REPORT | {"bundles": {fast.title: own}})
        assert (known.of(fast.title, [fast], []) == own) is is_known


@pytest.mark.parametrize("content", ["no report", "[]", '{"bundles": {}}'])
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    """With its path and what to give."""
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"report\.json .*report"):
        KnownResults.read(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        KnownResults.read(tmp_path / "nothing.json")
