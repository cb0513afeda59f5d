"""Do tasks on a Dask cluster, whose workers may be on many machines."""

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, TypeVar

from eegstream.errors import ConfigError, EegstreamError
from eegstream.workers.spreading import Lost

T = TypeVar("T")
R = TypeVar("R")

PATIENCE_S = 10.0
"""How long the scheduler may take to answer."""


class DaskCluster:
    """A cluster at the address of its scheduler, or at the file that `dask scheduler --scheduler-file` wrote.

    `setting` is how the user gave it, for errors.

    Raises:
        ConfigError: the package is missing, or no scheduler answers.
    """

    def __init__(self, where: str, setting: str, patience_s: float = PATIENCE_S) -> None:
        try:
            from distributed import Client  # noqa: PLC0415  (slow to import, and an extra)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"{setting} needs the package {error.name}, which is not installed",
                "Install the extra `dask`: pip install 'eegstream[dask]', or '.[dask]' in a clone",
            ) from None
        self._where, self._setting = where, setting
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what concerns the user is raised
        at: dict[str, Any] = {"scheduler_file": where} if Path(where).is_file() else {"address": where}
        try:
            self._client = Client(**at, timeout=patience_s)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"{setting} is {where!r}, where no Dask scheduler answers ({error})",
                f"Correct {setting}, or start a scheduler there",
            ) from None

    def __enter__(self) -> "DaskCluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    @property
    def dashboard(self) -> str:
        """Where the cluster shows itself."""
        return str(self._client.dashboard_link)

    @property
    def threads(self) -> int:
        """Tasks that the cluster does at the same time now."""
        return sum(self._client.nthreads().values())  # type: ignore[no-untyped-call]

    def __call__(self, function: Callable[[T], R], tasks: Sequence[T]) -> Generator[tuple[int, R | Lost], None, None]:
        """Do the tasks, as `Spreading` says. Dask gives those of a worker that died to another one.

        Raises:
            EegstreamError: the scheduler is gone.
        """
        from distributed import KilledWorker, as_completed  # noqa: PLC0415

        futures = self._client.map(function, tasks, pure=False)
        numbers = {future.key: number for number, future in enumerate(futures)}
        # A future that is kept keeps its result on the worker, and the worker's death would have it done again.
        left = {future.key: future for future in futures}
        del futures
        try:
            for future in as_completed(list(left.values())):  # type: ignore[no-untyped-call]
                try:
                    outcome: R | Lost = future.result()
                except KilledWorker:
                    outcome = Lost()
                number = numbers[future.key]
                del left[future.key], future
                yield number, outcome
        except CancelledError:
            raise EegstreamError(
                f"the Dask scheduler at {self._where!r} is gone",
                f"Start a scheduler, correct {self._setting}, and run the same command again: what is done stays done",
            ) from None
        finally:
            self._client.cancel(list(left.values()))  # type: ignore[no-untyped-call]
