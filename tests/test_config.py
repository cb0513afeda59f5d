"""Settings: file, environment, options, in this order."""

import pytest

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
        'unit = "mV"\ndrop = ["A1"]\n'
        '[[stream]]\nmatch = "name=UN-*"\nchannels = ["EEG *"]\nrate = 250\n'
        '[[stream]]\nmatch = "type=Data"\nunit = "V"\n'
    )
    config = run_config(path, {}, {})
    unicorn = MUSE.model_copy(update={"name": "UN-1", "type": "Data"})
    other = MUSE.model_copy(update={"name": "other", "type": "Data"})
    assert config.signal_options(unicorn).choice == ChannelChoice(("EEG *",), ("A1",), "mV")
    assert config.rate_of(unicorn) == 250
    assert config.signal_options(other).choice == ChannelChoice((), ("A1",), "V")
    assert config.signal_options(MUSE).choice == ChannelChoice((), ("A1",), "mV")
    assert [config.wants(stream) for stream in (unicorn, other, MUSE)] == [True, True, True]
    assert not config.wants(MUSE.model_copy(update={"type": "Markers"}))


def test_a_wrong_stream_table_is_named(file):
    """The line says which key of the table, and which there are."""
    with pytest.raises(
        ConfigError, match=r"unknown key 'stream.colour'. Known keys: channels, drop, match, rate, unit"
    ):
        run_config(file('[[stream]]\nmatch = "type=EEG"\ncolour = "red"\n'), {}, {})
    with pytest.raises(ConfigError, match=r"stream.match = 'kind=EEG': .*expected FIELD=PATTERN"):
        run_config(file('[[stream]]\nmatch = "kind=EEG"\n'), {}, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modell = 'seed'", "unknown key 'modell'. Known keys: bind, buffer-mb, channels, device"),
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
