"""Rows of a channels.tsv find their channels, or it is said that they do not."""

from pathlib import Path

import pytest

from eegstream.errors import ConfigError, RecordingError
from trainer.data.channel_tables import read_channels, rows_of, stated


def rows(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "number": str(number)} for number, name in enumerate(names)]


@pytest.mark.parametrize(
    ("labels", "names", "found"),
    [
        (("Fp1", "Cz"), ("Cz", "Fp1"), "10"),
        (("FP1", "Fc5."), ("Fp1", "FC5"), "01"),
        (("EEG Fp1", "EEG Cz-Ref"), ("Fp1", "CZ"), "01"),
        (("C3-A1", "C3-A2"), ("c3-a2", "C3-A1"), "10"),
        (("C3-A1", "C3-A2", "Oz"), ("C3", "C4", "Oz"), "--2"),
        (("A", "A", "B"), ("A", "B", "A"), "021"),
        (("a", "b"), ("x", "y"), "01"),
        (("Cz", "x"), ("Cz", "y"), "0-"),
    ],
)
def test_names_fit_as_the_rule_reads_labels(labels, names, found) -> None:
    """Exactly first; a reference counts no more where that is unique; order counts only if no name fits."""
    own, _ = rows_of(labels, rows(*names))
    assert "".join(row.get("number", "-") for row in own) == found


def test_what_does_not_fit_is_told() -> None:
    """Channels without a row, rows without a channel, and that positions were taken."""
    _, told = rows_of(("Cz", "x"), rows("Cz", "y", "z"))
    assert told == ["channels.tsv has no row for x", "channels.tsv names channels that the recording lacks: y, z"]
    _, told = rows_of(("a", "b"), rows("x", "y"))
    assert told == ["channels.tsv has other names than the recording (x, y, not a, b): rows are assigned in order"]
    assert rows_of(("a", "b"), []) == ([{}, {}], [])


def test_a_table_of_other_channels_is_refused() -> None:
    """With both."""
    with pytest.raises(
        RecordingError, match=r"has 1 rows \(x\), and none has the name of one of .* 2 channels \(a, b\)"
    ):
        rows_of(("a", "b"), rows("x"))


def test_a_table_is_read_as_editors_leave_it(tmp_path: Path) -> None:
    """With a byte order mark, blanks, capital columns, short rows and an empty line at its end."""
    path = tmp_path / "channels.tsv"
    path.write_text("\ufeffName\tType \tunits\nCz \tEEG\tn/a\nFz\n\n", encoding="utf-8")
    first, second = read_channels(path)
    assert (first["name"], stated(first, "type"), stated(first, "units")) == ("Cz", "EEG", "")
    assert (second["name"], stated(second, "type")) == ("Fz", "")


def test_a_table_without_names_is_refused(tmp_path: Path) -> None:
    """It says so."""
    (tmp_path / "channels.tsv").write_text("type\tunits\nEEG\tuV\n")
    with pytest.raises(ConfigError, match=r"channels\.tsv.*requires a column `name`"):
        read_channels(tmp_path / "channels.tsv")
