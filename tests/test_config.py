"""Settings: file, environment, options, in this order."""

import pytest

from eegstream.config import RunConfig, run_config
from eegstream.errors import ConfigError


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
    """Notch, unit and filling, as `encode` takes them."""
    options = RunConfig(notch=50, unit="mV", fill_ms=12).signal_options
    assert (options.notch_hz, options.unit, options.fill_ms) == (50, "mV", 12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modell = 'seed'", "unknown key 'modell'. Known keys: bind, buffer-mb, device, fill-ms"),
        ("fill-ms = -1", "fill-ms = -1: input should be greater than or equal to 0"),
        ("notch = 55", "notch = 55: input should be 50 or 60"),
        ("model = ", "is no TOML"),
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
    with pytest.raises(ConfigError, match="expected V, mV, uV or nV"):
        run_config(None, {}, {"unit": unit})
