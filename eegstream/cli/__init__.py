"""The command line: one module per command, imported when the command is called."""

import importlib
import io
import os
import sys

import click

from eegstream.errors import EegstreamError, one_line

_LONGEST_ERROR = 2000
COMMANDS = (
    "run",
    "demo",
    "streams",
    "tail",
    "top",
    "health",
    "doctor",
    "record",
    "keys",
    "play",
    "encode",
    "decode",
    "export",
    "model",
    "bench",
)


class _LateCommands(click.Group):
    """Import a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"eegstream.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The program that reads our output has ended. That is no failure, but click would report one.
            _discard_output()
            return None


@click.group(cls=_LateCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="eegstream")
def cli() -> None:
    """Live tokens of EEG: Lab Streaming Layer in, codes over ZeroMQ out."""


def main() -> None:
    """Run the command line; the only place where an error becomes an exit code."""
    sys.exit(_run())


def _run() -> int:
    _write_every_character()
    try:
        cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except EegstreamError as error:
        click.echo(f"eegstream: {one_line(str(error), _LONGEST_ERROR)}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except OSError as error:
        # Commands report errors of their files with the path; so this error is one of standard output.
        _discard_output()
        click.echo(f"eegstream: the output cannot be written ({error.strerror})", err=True)
        return 1
    return 0


def _write_every_character() -> None:
    """Print characters that the output's encoding lacks as question marks, instead of failing.

    Windows has no UTF-8 locale: there the output is UTF-8 unless PYTHONIOENCODING is set.
    """
    utf8 = os.name == "nt" and not os.environ.get("PYTHONIOENCODING")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if utf8 else stream.encoding, errors="replace")


def _discard_output() -> None:
    """Discard what is still buffered for standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
