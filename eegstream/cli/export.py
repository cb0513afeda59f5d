"""`eegstream export`."""

from pathlib import Path

import click


@click.command("export")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "output", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--license", "data_license", metavar="TEXT", help="Licence of the recordings, for the data card.")
def command(paths: tuple[Path, ...], output: Path, data_license: str | None) -> None:
    """Make a data set of codes files (recorded ones, too), of tables that `encode` wrote, and of folders of them.

    The folder gets Parquet files of moderate size in split=train, split=validation and split=test, by subject, a
    manifest and a data card.
    """
    from eegstream.cli.progress import progress
    from eegstream.tables.exporting import coded_files, export

    files = coded_files(paths)
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
