"""docs/reference/commands.md and the command line say the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from eegstream import errors
from eegstream.cli import COMMANDS, cli
from eegstream.config import RunConfig, StreamConfig, run_config
from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.selection import Selection
from tests.markdown import REFERENCE, section, tables, words

PAGE = (REFERENCE / "commands.md").read_text(encoding="utf-8")
NO_SETTINGS = {"--config", "--check", "--json"}
"""Options of `run` that are no settings."""
CONFIGURATION = tables(section(PAGE, "## Configuration"))[0]


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL = dict(_commands(cli, "eegstream"))
GROUPS = ("model", "keys")


def _options(command: click.Command) -> dict[str, click.Option]:
    """By the name that a user types."""
    return {option.opts[-1]: option for option in command.params if isinstance(option, click.Option)}


def _documented(path: str) -> dict[str, dict[str, str]]:
    table = next((table for table in tables(section(PAGE, f"## {path}")) if "option" in table[0]), [])
    return {words(row["option"])[0]: row for row in table}


def test_the_commands_are_those_of_the_page() -> None:
    """Each command has its heading, in the order of `eegstream --help`, and no other one has."""
    headings = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## eegstream")]
    assert headings == list(ALL)
    assert [path.split()[1] for path in ALL if path.split()[1] not in GROUPS] == [
        c for c in COMMANDS if c not in GROUPS
    ]


@pytest.mark.parametrize("path", list(ALL))
def test_the_options_are_those_of_the_page(path: str) -> None:
    """Every option stands in its command's table, in order, and every row is an option."""
    assert list(_documented(path)) == list(_options(ALL[path]))


@pytest.mark.parametrize("path", list(ALL))
def test_defaults_and_required_options_are_those_of_the_page(path: str) -> None:
    """A default that click knows stands in the table; a required option is called so."""
    for name, option in _options(ALL[path]).items():
        told = _documented(path)[name]["default"]
        assert (told == "required") == option.required
        if isinstance(option.default, str | int | float) and not isinstance(option.default, bool):
            assert words(told) == [str(option.default)]


@pytest.mark.parametrize("path", list(ALL))
def test_every_command_and_option_has_a_help_text(path: str) -> None:
    """Nothing has to be guessed from `--help`."""
    assert ALL[path].help
    assert all(option.help for option in _options(ALL[path]).values())


def test_the_configuration_keys_are_those_of_the_page() -> None:
    """Every key has its row with variable and default, and every row is a key."""
    listed = {words(row["key"])[0]: row for row in CONFIGURATION}
    fields = {name: field for name, field in RunConfig.model_fields.items() if name != "stream"}
    assert list(listed) == [name.replace("_", "-") for name in fields]
    for name, field in fields.items():
        row = listed[name.replace("_", "-")]
        assert words(row["variable"]) == [f"EEGSTREAM_{name.upper()}"]
        if field.default in (None, ()):
            assert row["default"].startswith("none")
        else:
            default = str(field.default).lower() if isinstance(field.default, bool) else field.default
            assert words(row["default"]) == [f"{default:g}" if isinstance(default, float) else str(default)]


def test_the_keys_are_the_options_of_run() -> None:
    """A key and its option have one name, and the table of options tells the same defaults."""
    options = _documented("eegstream run")
    assert {f"--{words(row['key'])[0]}" for row in CONFIGURATION} == options.keys() - NO_SETTINGS
    for row in CONFIGURATION:
        if words(row["default"]):
            assert options[f"--{words(row['key'])[0]}"]["default"] == row["default"]


def test_the_keys_of_a_stream_table_are_those_of_the_page() -> None:
    """Every key of [[stream]] has its row, and every row is a key."""
    table = tables(section(PAGE, "## Configuration"))[1]
    assert [words(row["key of `[[stream]]`"])[0] for row in table] == [
        name.replace("_", "-") for name in StreamConfig.model_fields
    ]


VALUES = {
    "model": "seed@1",
    "model-sha256": "ab" * 32,
    "model-keys": ("/etc/eegstream/keys", "lab.pub"),
    "allow-unsigned": True,
    "device": "cpu",
    "counter-channel": "Counter",
    "bind": "tcp://127.0.0.1:7000",
    "keys": "lab-keys",
    "control": "tcp://127.0.0.1:7001",
    "replay-mb": 4,
    "channels": ("Fp*", "Cz"),
    "drop": ("A1",),
    "unit": "mV",
    "rate": 250.0,
    "notch": 50,
    "fill-ms": 40.0,
    "select": "name=Muse*",
    "markers": "type=Markers",
    "max-streams": 3,
    "buffer-mb": 16,
    "max-lag-s": 2.5,
    "when-behind": "complete",
    "when-device-lost": "cpu",
    "log-level": "debug",
    "log-format": "json",
    "metrics": "127.0.0.1:9571",
}
OTHERS = {
    "model-sha256": "cd" * 32,
    "model-keys": "other.pub",
    "notch": 60,
    "unit": "V",
    "channels": "O1",
    "drop": "O2",
    "rate": 500.0,
    "counter-channel": "Other",
    "keys": "other-keys",
    "control": "ipc://other",
    "metrics": "[::1]:9572",
    "markers": "type=Stimuli",
}
"""Of settings without a default."""


def test_file_environment_and_options_take_precedence_in_this_order(tmp_path: Path) -> None:
    """Each key is taken from the file, from its variable instead, and from the option instead of both."""
    assert {f"--{key}" for key in VALUES} == _options(ALL["eegstream run"]).keys() - NO_SETTINGS
    file = tmp_path / "run.toml"
    for key, value in VALUES.items():
        name = key.replace("-", "_")
        variable = f"EEGSTREAM_{name.upper()}"
        written = ",".join(value) if isinstance(value, tuple) else value
        literal = str(written).lower() if isinstance(written, bool) else repr(written)
        file.write_text(f"{key} = {literal}\n")
        default = getattr(RunConfig(), name)
        other = OTHERS.get(key, default)
        assert value != default
        assert getattr(run_config(file, {}, {}), name) == value
        assert getattr(run_config(None, {variable: str(written)}, {}), name) == value
        assert getattr(run_config(file, {variable: str(other)}, {}), name) in (other, (other,))
        assert getattr(run_config(file, {variable: str(other)}, {name: written}), name) == value


@pytest.mark.parametrize(
    "text",
    [
        "colour = 'red'",
        "notch = 55",
        "max-streams = 0",
        "fill-ms = -1",
        "bind = 5",
        "[run]\nmodel = 'x'",
        "model =",
        "",
    ],
)
def test_a_wrong_configuration_is_one_clear_line(tmp_path: Path, text: str) -> None:
    """The line names the file and the key; the exit code tells systemd not to try again."""
    file = tmp_path / "run.toml"
    file.write_text(text)
    if not text:
        assert run_config(file, {}, {}) == RunConfig()
        return
    with pytest.raises(errors.ConfigError) as caught:
        run_config(file, {}, {})
    assert caught.value.exit_code == 78
    assert str(caught.value).isprintable()
    assert str(file) in str(caught.value)


def test_the_exit_codes_are_those_of_the_page() -> None:
    """Every error of the project has one of the codes."""
    listed = {int(row["code"]) for row in tables(section(PAGE, "## Exit codes"))[0]}
    own = {error.exit_code for error in vars(errors).values() if isinstance(error, type)}
    assert own <= listed
    assert listed == own | {0, click.UsageError.exit_code, 130}


def test_the_select_fields_are_those_of_the_page() -> None:
    """And so are the limits beyond which a stream is refused."""
    discovery = pytest.importorskip("eegstream.lsl.discovery", exc_type=Exception, reason="liblsl is not there")
    description = pytest.importorskip("eegstream.lsl.description")
    text = section(PAGE, "## eegstream run")
    paragraph = text[text.index("`--select`: fields are") :]
    assert set(words(paragraph.split(".")[0])) == {"--select", *Selection.FIELDS}
    assert f"{LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:,.0f} Hz".replace(",", " ") in text
    assert f"more than {discovery.MOST_CHANNELS} channels" in text
    assert f"more than {description.LONGEST_TEXT} characters" in text


def test_the_notches_are_the_same_everywhere() -> None:
    """Configuration and options offer the same mains frequencies."""
    (option,) = [option for name, option in _options(ALL["eegstream run"]).items() if name == "--notch"]
    literal, _ = get_args(RunConfig.model_fields["notch"].annotation)
    assert isinstance(option.type, click.Choice)
    assert [str(frequency) for frequency in get_args(literal)] == list(option.type.choices)
