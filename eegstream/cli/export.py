"""`eegstream export`."""

from pathlib import Path

import click


@click.command("export")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "output", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--license", "data_license", metavar="TEXT", help="Licence of the recordings, for the data card.")
def command(files: tuple[Path, ...], output: Path, data_license: str | None) -> None:
    """Make a data set of FILES: codes files (recorded ones, too), and tables that `encode` wrote.

    The folder gets Parquet files of moderate size in split=train, split=validation and split=test, by subject, a
    manifest and a data card.
    """
    from eegstream.cli.progress import progress
    from eegstream.tables.exporting import export

    with progress("exporting", len(files)) as bar:
        found = export(
            files,
            output,
            data_license,
            lambda remark: click.echo(remark, err=True),
            lambda done: bar.update(done - bar.pos),
        )
    counts = {split: sum(entry.split == split for entry in found) for split in dict.fromkeys(e.split for e in found)}
    told = ", ".join(f"{count} in {split}" for split, count in counts.items())
    click.echo(f"{output}: {len(found)} recordings ({told})", err=True)
