"""Where `encode` and `decode` write, and what durations commands take."""

import pytest

from eegstream.errors import EegstreamError
from eegstream.files.atomic import replacing
from tests.e2e.harness import command

SOURCE = "synthetic:rate=250,channels=1,seconds=3"


def test_behind_a_link_its_target_is_written(tmp_path):
    """The link stays a link."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("former")
    link.symlink_to(target)
    with replacing(link) as unfinished:
        unfinished.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_folder_is_no_output(tmp_path):
    """Nor is anything else that is not a regular file."""
    with pytest.raises(EegstreamError, match="exists and is not a regular file"), replacing(tmp_path):
        pass


@pytest.mark.parametrize("output", [".", "/", ""])
def test_an_output_without_a_name_is_one_line(output):
    """Exit 1, no traceback."""
    made = command("encode", SOURCE, "-o", output)
    assert made.returncode == 1
    assert "not a regular file" in made.stderr
    assert "Traceback" not in made.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("encode", SOURCE, "-o", "x.codes.mcap", "--seconds", "nan"),
        ("encode", SOURCE, "-o", "x.codes.mcap", "--seconds", "inf"),
        ("encode", SOURCE, "-o", "x.codes.mcap", "--seconds", "0.0001"),
        ("play", SOURCE, "--seconds", "nan"),
        ("streams", "--wait", "inf"),
    ],
)
def test_durations_that_are_none_are_wrong_usage(arguments):
    """Exit 2, in click's own words."""
    made = command(*arguments)
    assert made.returncode == 2
    assert "Traceback" not in made.stderr


def test_reading_and_writing_one_file_is_wrong_usage(tmp_path):
    """A recording is not replaced by its codes."""
    file = tmp_path / "x.mcap"
    file.write_text("time,C3\n0,1\n0.004,2\n")
    made = command("encode", str(file), "-o", str(file))
    assert made.returncode == 2
    assert "is the input file" in made.stderr
    assert file.read_text().startswith("time,C3")
