"""The command line: quick help, exit codes, and one clear line for what goes wrong."""

import json
import os
import subprocess
import sys

import pytest

from eegstream.cli import COMMANDS, _run
from tests.e2e.harness import DATA, NO_DATA, REPOSITORY, command
from tests.identity_bundle import digest, pinned

HEAVY = ("torch", "pylsl", "zmq", "scipy", "numpy", "mne", "mcap", "pydantic")
ASK_FOR_HELP = """
import json, sys
from eegstream.cli import cli
for arguments in {arguments}:
    cli.main([*arguments, "--help"], standalone_mode=False)
print(json.dumps(sorted(sys.modules)))
"""

REFUSED = {
    "csv_no_header.csv": "expected a header line",
    "csv_not_eeg_subject_info.csv": "no time column",
    "edf_annotations_only.edf": "annotations only",
    "edf_crlf_real.edf": "line-end conversion",
    "edf_hdr_channels_9999.edf": "9999 signals",
    "edf_truncated_header.edf": "Get the whole file",
    "edf_utf8_mangled_real.edf": "UTF-8 text",
    "fif_truncated_raw.fif": "cannot be read as FIF",
    "xdf_empty_streams.xdf": "name it with --stream",
    "zero_byte.bdf": "0 bytes",
    "not_there.edf": "cannot be read",
}
ODD = {
    "edf_truncated_data.edf": "truncated",
    "edf_units_wrong_mV.edf": "the amplitude is not plausible for EEG",
    "edf_plusC_lies_about_gaps.edf": "2 holes",
    "csv_time_gap_repeat_back.csv": "run backwards",
    "xdf_truncated.xdf": "truncated",
}


@pytest.fixture
def eegstream(monkeypatch, capsys):
    """A function that runs the command line in this process: its exit status, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["eegstream", *arguments])
        status = _run()
        return status, *capsys.readouterr()

    return run


def check_one_line(text: str) -> None:
    """What a person reads when it failed: one line, no traceback."""
    assert text.startswith("eegstream: ")
    assert text.count("\n") == 1
    assert "Traceback" not in text


def test_help_is_quick():
    """Nothing heavy is imported for the help of any command, nor for the list of them."""
    asked = ASK_FOR_HELP.format(arguments=[[], *([name] for name in COMMANDS)])
    said = subprocess.run([sys.executable, "-c", asked], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    imported = set(json.loads(said.stdout.splitlines()[-1]))
    assert not imported & set(HEAVY)
    assert all(name in said.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_encoded_gets_one_line(eegstream, bundle, tmp_path, name):
    """Exit 1; what came and what to do in one line; nothing half-written stays behind."""
    if not DATA.is_dir():
        pytest.skip(NO_DATA)
    output = tmp_path / "f.codes.mcap"
    status, out, err = eegstream("encode", str(DATA / "tricky" / name), "-o", str(output), *pinned(bundle))
    assert (status, out) == (1, "")
    check_one_line(err)
    assert REFUSED[name] in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ODD)
def test_a_damaged_file_that_opens_says_so(eegstream, bundle, tmp_path, name):
    """Never a silently wrong signal: it is encoded, and stderr tells what is odd."""
    if not DATA.is_dir():
        pytest.skip(NO_DATA)
    output = tmp_path / "f.codes.mcap"
    status, _, err = eegstream("encode", str(DATA / "tricky" / name), "-o", str(output), *pinned(bundle))
    assert status == 0
    assert ODD[name] in err
    assert output.exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["encode"], 2),
        (["encode", "synthetic:seconds=1", "-o", "{tmp}/f", "--notch", "55"], 2),
        (["play", "synthetic:seconds=1", "--speed", "0"], 2),
        (["decode", "{tmp}/none.codes.mcap", "-o", "{tmp}/f.npz"], 1),
        (["decode", "{tmp}/damaged.pt", "-o", "{tmp}/f.npz"], 1),
        (["encode", "synthetic:rate=x", "-o", "{tmp}/f"], 1),
        (["encode", "synthetic:seconds=1", "-o", "{tmp}/no/such/folder/f"], 1),
        (["encode", "synthetic:seconds=1", "-o", "{tmp}/f", "--model", "{tmp}/damaged.pt"], 78),
        (["encode", "synthetic:seconds=1", "-o", "{tmp}/f", "--model", "unheard-of"], 78),
        (["encode", "synthetic:seconds=1", "-o", "{tmp}/f", "--device", "abacus"], 78),
        (
            [
                "encode",
                "synthetic:seconds=1,rate=90",
                "-o",
                "{tmp}/f",
                "--model",
                "{bundle}",
                "--model-sha256",
                "{digest}",
                "--notch",
                "60",
            ],
            78,
        ),
        (["model", "show", "{tmp}/damaged.pt"], 78),
        (["encode", "synthetic:seconds=1", "-o", "{tmp}/f.npz"], 2),
        (["encode", "synthetic:seconds=0.2", "-o", "{tmp}/f", "--model", "{bundle}", "--model-sha256", "{digest}"], 1),
        (["decode", "{tmp}/none.codes.mcap", "-o", "{tmp}/f.wav"], 2),
        (["record", "-o", "{tmp}/f.npz"], 2),
        (["record", "-o", "{tmp}/no/such/folder/f"], 1),
        (["tail", "--connect", "nonsense"], 1),
        (["streams", "--select", "colour=red"], 78),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_decides_the_exit_status(eegstream, bundle, tmp_path, arguments, status):
    """2 wrong usage, 78 wrong configuration or bundle, 1 it failed; the message goes to stderr, nothing to stdout."""
    (tmp_path / "damaged.pt").write_bytes(bundle.read_bytes()[:10_000])
    before = sorted(tmp_path.iterdir())
    said, out, err = eegstream(*(text.format(tmp=tmp_path, bundle=bundle, digest=digest(bundle)) for text in arguments))
    assert (said, out) == (status, "")
    if status == 2:
        assert "Traceback" not in err
        assert "Usage:" in err
    else:
        check_one_line(err)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "settings", "status", "words"),
    [
        ((), "modle = 'default'\n", 78, "unknown key 'modle'"),
        ((), "model = \n", 78, "is not valid TOML"),
        ((), "notch = 55\n", 78, "notch = 55"),
        (("--config", "no-such-file.toml"), "", 78, "cannot be read"),
        (("--model", "unheard-of"), "", 78, "unheard-of"),
        (("--select", "colour=red"), "", 78, "colour=red"),
        (("--notch", "55"), "", 2, "Usage:"),
    ],
)
def test_run_refuses_a_wrong_configuration(tmp_path, options, settings, status, words):
    """In one line, before anything starts; systemd does not start it again."""
    file = tmp_path / "run.toml"
    file.write_text(settings, encoding="utf-8")
    refused = command("run", "--bind", "tcp://127.0.0.1:*", *(options or ("--config", str(file))))
    assert (refused.returncode, refused.stdout) == (status, "")
    assert words in refused.stderr
    if status == 78:
        check_one_line(refused.stderr)


@pytest.mark.parametrize("url", ["{busy}", "tcp://no such host", "ipc://{folder}/no/folder/codes"])
def test_run_refuses_an_address_that_it_cannot_bind(daemon, bundle, tmp_path, url):
    """A busy port is 1 and one line; an address that never can be bound is a wrong configuration."""
    refused = command("run", *pinned(bundle), "--device", "cpu", "--bind", url.format(busy=daemon.url, folder=tmp_path))
    assert refused.returncode == (1 if "busy" in url else 78)
    check_one_line(refused.stderr)


def test_a_reader_that_leaves_is_no_error():
    """Piping a command into `head` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    listing = subprocess.run(
        [sys.executable, "-m", "eegstream", "model", "list"],
        cwd=REPOSITORY,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (listing.returncode, listing.stderr) == (0, "")
