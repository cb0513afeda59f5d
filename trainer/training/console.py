"""Print once, however many processes a run has."""

import click
from lightning.pytorch.utilities import rank_zero_only


@rank_zero_only
def print_once(text: str) -> None:
    """A line on stdout, from the first process."""
    click.echo(text)
