"""`eegstream keys`."""

from pathlib import Path

import click

_NO_KEYS = "no client is allowed"


def _folder(given: str | None) -> Path:
    from eegstream.keys import default_folder

    return default_folder() if given is None else Path(given)


_keys_option = click.option(
    "--keys", "given", type=click.Path(), metavar="FOLDER", help="The folder of keys (default: one of this user)."
)


@click.group("keys")
def command() -> None:
    """Make and allow the keys that encrypt connections between machines."""


@command.command("generate")
@click.argument("side", type=click.Choice(["server", "client"]))
@_keys_option
@click.option("--server", metavar="KEY", help="For a client: the public key of the daemon, or its file.")
def generate(side: str, given: str | None, server: str | None) -> None:
    """Make the key pair of a SIDE, server or client, and print the public key."""
    from eegstream import keys

    if server is not None and side != "client":
        raise click.UsageError("--server is for a client")
    folder = _folder(given)
    server_key = None if server is None else keys.public_key(server)
    public = keys.generate(folder, side)
    if server_key is not None:
        keys.trust_server(folder, server_key)
    click.echo(public)
    click.echo(f"{folder / side}.secret is for you alone; {side}.public is for the other side", err=True)


@command.command("list")
@_keys_option
def list_allowed(given: str | None) -> None:
    """Print the clients that the daemon lets in, one per line: name and public key."""
    from eegstream import keys

    folder = _folder(given)
    found = keys.allowed(folder)
    for public, name in found.items():
        click.echo(f"{name}  {public}")
    if not found:
        click.echo(f"{folder}: {_NO_KEYS}", err=True)


@command.command("allow")
@click.argument("name")
@click.argument("key")
@_keys_option
def allow(name: str, key: str, given: str | None) -> None:
    """Let the client with the public KEY (or its file) in, under a NAME of your choice, without a restart."""
    from eegstream import keys

    keys.allow(_folder(given), name, keys.public_key(key))


@command.command("revoke")
@click.argument("name")
@_keys_option
def revoke(name: str, given: str | None) -> None:
    """Let the client NAME in no more. A running daemon disconnects it within seconds."""
    from eegstream import keys

    keys.revoke(_folder(given), name)
