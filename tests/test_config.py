"""Settings: file, environment, options, in this order."""

import json
import math
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.config import RunConfig, run_config
from eegstream.dsp.channels import ChannelChoice
from eegstream.errors import ConfigError
from eegstream.wire.messages import Source

MUSE = Source(name="Muse", type="EEG", source_id="m", uid="u", hostname="h", session_id="s", format="float32")


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "eegstream.toml"
        path.write_text(text)
        return path

    return write


def test_nothing_given_is_the_defaults():
    """No file, no variable, no option."""
    assert run_config(None, {}, {"model": None}) == RunConfig()


def test_options_win_over_environment_over_file(file):
    """Each layer replaces only what it names."""
    path = file('model = "seed"\nfill-ms = 10\nbind = "tcp://127.0.0.1:1"\n')
    environment = {"EEGSTREAM_FILL_MS": "20", "EEGSTREAM_NOTCH": "50", "EEGSTREAM_DATA": "elsewhere"}
    config = run_config(path, environment, {"notch": 60, "bind": None})
    assert (config.model, config.fill_ms, config.notch, config.bind) == ("seed", 20, 60, "tcp://127.0.0.1:1")


def test_signal_options_are_what_may_change_a_code():
    """Channels, units, rate, notch and filling, as `encode` takes them."""
    config = RunConfig(notch=50, unit="mV", fill_ms=12, channels="Fp*,Cz", drop=("A1",), rate=250)
    options = config.signal_options(MUSE)
    assert (options.notch_hz, options.fill_ms, options.rate_hz) == (50, 12, 250)
    assert options.choice == ChannelChoice(("Fp*", "Cz"), ("A1",), "mV")


def test_a_stream_table_counts_for_the_streams_that_it_matches(file):
    """The first that matches takes the place of what it names; its streams are wanted, whatever `select` says."""
    path = file(
        'unit = "mV"\ndrop = ["A1"]\ncounter-channel = "Count"\n'
        '[[stream]]\nmatch = "name=UN-*"\nchannels = ["EEG *"]\nrate = 250\n'
        '[[stream]]\nmatch = "type=Data"\nunit = "V"\ncounter-channel = "No"\n'
    )
    config = run_config(path, {}, {})
    unicorn = MUSE.model_copy(update={"name": "UN-1", "type": "Data"})
    other = MUSE.model_copy(update={"name": "other", "type": "Data"})
    assert config.signal_options(unicorn).choice == ChannelChoice(("EEG *",), ("A1",), "mV", "Count")
    assert config.rate_of(unicorn) == 250
    assert config.signal_options(other).choice == ChannelChoice((), ("A1",), "V", "No")
    assert config.signal_options(MUSE).choice == ChannelChoice((), ("A1",), "mV", "Count")
    assert [config.wants(stream) for stream in (unicorn, other, MUSE)] == [True, True, True]
    assert not config.wants(MUSE.model_copy(update={"type": "Markers"}))


def test_a_wrong_stream_table_is_named(file):
    """The line says which key of the table, and which there are."""
    with pytest.raises(ConfigError, match=r"unknown key 'stream.colour'. Known keys: channels, .*drop, match"):
        run_config(file('[[stream]]\nmatch = "type=EEG"\ncolour = "red"\n'), {}, {})
    with pytest.raises(ConfigError, match=r"stream.match = 'kind=EEG': .*expected FIELD=PATTERN"):
        run_config(file('[[stream]]\nmatch = "kind=EEG"\n'), {}, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modell = 'seed'", "unknown key 'modell'. Known keys: allow-unsigned, bind, buffer-mb, "),
        ("fill-ms = -1", "fill-ms = -1: input should be greater than or equal to 0"),
        ("notch = 55", "notch = 55: input should be 50 or 60"),
        ("model = ", "is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_origin(file, text, message):
    """One line: where it stands, what it is, what it should be; systemd must not start again."""
    path = file(text)
    with pytest.raises(ConfigError) as caught:
        run_config(path, {}, {})
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value).strip()
    assert caught.value.exit_code == 78


def test_a_wrong_variable_is_named():
    """The environment is told apart from the file."""
    with pytest.raises(ConfigError, match="the environment has max-streams = 'many'"):
        run_config(None, {"EEGSTREAM_MAX_STREAMS": "many"}, {})


def test_a_missing_file_is_said(tmp_path):
    """Not taken for an empty one."""
    with pytest.raises(ConfigError, match="cannot be read"):
        run_config(tmp_path / "nowhere.toml", {}, {})


@pytest.mark.parametrize("bind", ["tcp://127.0.0.1:99999", "inproc://x", "127.0.0.1:5571", "tcp://127.0.0.1"])
def test_an_address_that_nobody_could_reach_is_refused(bind):
    """ZeroMQ itself would take some of them, and publish elsewhere."""
    with pytest.raises(ConfigError, match="the options has bind"):
        run_config(None, {}, {"bind": bind})


@pytest.mark.parametrize("unit", ["furlong", "!"])
def test_an_unknown_unit_is_refused_before_any_stream_is(unit):
    """With the known ones as they are written."""
    with pytest.raises(ConfigError, match="known are V, mV, uV, nV"):
        run_config(None, {}, {"unit": unit})


WRONG_FILES = {
    "nested arrays": b"rate = " + b"[" * 20000,
    "nested tables": b"[" + b".".join([b"a"] * 900) + b"]",
    "deep key": b".".join([b"a"] * 5000) + b" = 1",
    "digits": b"rate = " + b"9" * 5000,
    "hexadecimal digits": b"max-streams = 0x" + b"f" * 5000,
    "an integer beyond 64 bits": b"max-streams = 99999999999999999999999",
    "more memory than there is": b"buffer-mb = 99999999999",
    "binary": bytes(range(256)),
    "zeros": bytes(1000),
    "Latin-1": "model = 'größe'".encode("latin-1"),
    "UTF-16": "model = 'x'".encode("utf-16"),
    "duplicate": b"rate = 250\nrate = 250",
    "duplicate by another spelling": b"fill-ms = 1\nfill_ms = 2",
    "not a number": b"rate = nan",
    "infinite": b"fill-ms = inf",
    "infinite lag": b"max-lag-s = inf",
    "true": b"rate = true",
    "true in a table": b"[[stream]]\nmatch = ''\nrate = true",
    "float notch": b"notch = 50.5",
    "text for a table": b"stream = 'x'",
    "texts for tables": b"stream = ['x']",
    "table": b"[stream]\nmatch = ''",
    "number in a table": b"[[stream]]\nmatch = 5",
    "list for a text": b"model = ['x']",
    "table for a list": b"[channels]\na = 1",
    "date": b"model = 2020-01-01",
    "impossible date": b"model = 2020-13-41",
    "device": b"device = 'cuda:\xc2\xb2'",
    "port": b"bind = 'tcp://127.0.0.1:" + b"9" * 5000 + b"'",
    "NUL in the address": b"bind = 'ipc://a\\u0000'".replace(b"'", b'"'),
    "long pattern": b"channels = '" + b"1" * 5000 + b"'",
    "long key": b"a" * 50000 + b" = 1",
    "strange key": b'"\\n\\u0007\\u202e" = 1',
    "strange value": b'unit = "\\n\\u001b[31m"',
    "long value": b"select = '" + b"x" * 60000 + b"'",
    "large file": b"model = '" + b"x" * 10_000_000 + b"'",
}


def _refusal(file=None, environment=None, options=None) -> str:
    """The one line of a configuration that is refused."""
    with pytest.raises(ConfigError) as caught:
        run_config(file, environment or {}, options or {})
    assert caught.value.exit_code == 78
    return str(caught.value)


@pytest.mark.parametrize("content", list(WRONG_FILES.values()), ids=list(WRONG_FILES))
def test_whatever_stands_in_the_file_is_refused_in_one_short_line(tmp_path, content):
    """Printable, with the file's name, and at once."""
    path = tmp_path / "eegstream.toml"
    path.write_bytes(content)
    began_s = time.monotonic()
    line = _refusal(path)
    assert time.monotonic() - began_s < 5
    assert line.isprintable()
    assert len(line) < 1000 + len(str(path))


@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)])
def test_what_is_no_regular_file_is_refused(tmp_path, make):
    """A pipe could be waited for, for ever."""
    make(tmp_path / "x")
    assert "expected a TOML file" in _refusal(tmp_path / "x")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "a\nb", "\udcff"])
def test_a_path_that_cannot_be_is_refused(tmp_path, name):
    """Also one with NUL, of which the system says nothing."""
    assert _refusal(tmp_path / name).isprintable()


def test_a_byte_order_mark_is_no_error(tmp_path):
    """Editors on Windows write one."""
    path = tmp_path / "eegstream.toml"
    path.write_bytes("model = 'seed'".encode("utf-8-sig"))
    assert run_config(path, {}, {}).model == "seed"


@pytest.mark.parametrize(
    ("name", "value"),
    [("NOTCH", "²"), ("NOTCH", "५०"), ("NOTCH", "050"), ("MAX_STREAMS", "²"), ("MAX_STREAMS", "9" * 5000), ("RATE", ""),
     ("RATE", "nan"), ("BIND", "tcp://a:٣"), ("UNIT", "\nfurlong"), ("SELECT", "x" * 100_000)],
)  # fmt: skip
def test_a_wrong_variable_is_refused_in_one_short_line(name, value):
    """Digits of other scripts are no numbers here."""
    line = _refusal(None, {f"EEGSTREAM_{name}": value})
    assert line.startswith("the environment has ")
    assert line.isprintable()
    assert len(line) < 1000


KEYS = st.sampled_from([*(name.replace("_", "-") for name in RunConfig.model_fields), "match", "other"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5)
    | st.sampled_from([10**400, "tcp://*:1", "type=EEG", "²", "1-2", "ipc://x", "mV!", math.nan, 50]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def _require_settled(file, environment, options) -> None:
    """There is a configuration, or a ConfigError of one line; nothing else."""
    line = ""
    try:
        run_config(file, environment, options)
    except ConfigError as error:
        line = str(error)
    assert not line or line.isprintable()
    assert len(line) < 2500


@settings(deadline=None, max_examples=300, derandomize=True)
@given(options=st.dictionaries(KEYS | st.text(max_size=5), VALUES, max_size=4))
def test_any_options_are_taken_or_refused(options):
    """Of any type and depth."""
    _require_settled(None, {}, options)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(values=st.dictionaries(KEYS, st.text(max_size=30), max_size=4))
def test_any_variables_are_taken_or_refused(values):
    """Of any text."""
    _require_settled(None, {f"EEGSTREAM_{key.upper().replace('-', '_')}": text for key, text in values.items()}, {})


LINES = st.builds("{} = {}".format, KEYS, VALUES.map(repr) | st.text(max_size=20))


@settings(deadline=None, max_examples=300, derandomize=True)
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(LINES | st.just("[[stream]]"), max_size=6).map(lambda lines: "\n".join(lines).encode("utf-8", "replace"))
)
def test_any_file_is_taken_or_refused(tmp_path_factory, content):
    """Binary, text, and lines that look like settings."""
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_bytes(content)
    _require_settled(path, {}, {})


def _run(*arguments, **variables):
    """`eegstream run` with these variables, and whether it loaded PyTorch, LSL or ZeroMQ."""
    code = (
        "import sys; from eegstream.cli import _run; code = _run(); "
        "sys.exit(99 if {'torch', 'pylsl', 'zmq'} & set(sys.modules) else code)"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EEGSTREAM_")}
    return subprocess.run(
        [sys.executable, "-c", code, "run", *arguments],
        env={**kept, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_check_prints_every_setting_with_its_origin(file):
    """As a table and as JSON; nothing heavy is loaded, and nothing is started."""
    path = file('model = "seed"\nfill-ms = 10\n[[stream]]\nmatch = "type=Data"\nrate = 250\n')
    given = ("--config", str(path), "--check", "--notch", "50")
    done = _run(*given, "--json", EEGSTREAM_FILL_MS="20")
    assert done.returncode == 0, done.stderr
    settings = json.loads(done.stdout)
    assert list(settings) == [name.replace("_", "-") for name in RunConfig.model_fields]
    assert settings["model"] == {"value": "seed", "origin": "file", "where": str(path)}
    assert settings["fill-ms"] == {"value": 20, "origin": "environment", "where": "EEGSTREAM_FILL_MS"}
    assert settings["notch"] == {"value": 50, "origin": "option", "where": "--notch"}
    assert settings["bind"] == {"value": "tcp://127.0.0.1:5571", "origin": "default", "where": None}
    assert settings["stream"]["value"] == [{"match": "type=Data", "rate": 250}]
    table = _run(*given, EEGSTREAM_FILL_MS="20").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["setting", *settings]
    assert next(line for line in table if line.startswith("fill-ms ")).split() == [
        "fill-ms", "20", "environment", "EEGSTREAM_FILL_MS"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (("--check", "--model", "sed"), 78, "no bundle is called 'sed'"),
        (("--check", "--model", "/nowhere/x.pt"), 78, "no bundle at /nowhere/x.pt"),
        (("--check", "--model-sha256", "ab"), 78, "expected 64 hexadecimal digits"),
        (("--check", "--device", "gpu"), 78, "expected auto, cpu, cuda or cuda:N"),
        (("--check", "--buffer-mb", "9" * 20), 78, "buffer-mb"),
        (("--check", "--select", "colour=red"), 78, "expected FIELD=PATTERN"),
        (("--json",), 2, "without --check"),
    ],
)
def test_check_fails_as_a_start_would(arguments, exit_code, message):
    """With the exit code after which systemd does not try again, and one line."""
    done = _run(*arguments)
    assert done.returncode == exit_code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
