"""A build on an existing Dask cluster, where a country outgrows one machine.

The scheduler's address is all that is needed. The workers need this program, the folder of the
build and the source under the same paths (a shared file system), and the key file, which each
process reads for itself: neither the key nor a row of a file travels. Rows of a database do; let
the cluster speak TLS.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from distributed import Client
from distributed.scheduler import KilledWorker

from offline_cache.errors import RegisterError
from offline_cache.publisher.engine import TASKS_A_WORKER, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from offline_cache.publisher.engine import Engine

Task = TypeVar("Task")
Answer = TypeVar("Answer")

_CONNECT_SECONDS: Final = 15
_PATIENCE_SECONDS: Final = 30


class DaskEngine:
    """On the workers of a cluster."""

    def __init__(self, client: Any) -> None:
        """Use a client that is connected."""
        self._client = client

    def map(
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[Answer, None, None]:
        """The answers, in the order of the tasks; those of a dead worker are done again.

        Raises:
            RegisterError: workers keep dying, or there are none.
        """
        ahead = max(1, sum(self._client.nthreads().values())) * TASKS_A_WORKER
        return in_order(partial(self._submit, function), tasks, ahead)

    def _submit(self, function: Callable[[Task], Answer], task: Task) -> _Waited:
        # A task is known by the file that it writes, and never taken for another of like content.
        return _Waited(self._client.submit(function, task, pure=False))


class _Waited:
    """An answer that is not waited for where nobody is left to give it."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def cancel(self) -> object:
        return self._future.cancel()

    def result(self) -> Any:
        while True:
            try:
                return self._future.result(timeout=_PATIENCE_SECONDS)
            except TimeoutError as error:
                if not self._future.client.nthreads():
                    raise RegisterError(
                        "the Dask cluster has no workers; start some; nothing was published"
                    ) from error
            except KilledWorker as error:
                raise RegisterError(
                    "workers of the Dask cluster died one after the other, perhaps for want of "
                    "memory; nothing was published"
                ) from error


@contextmanager
def dask_engine(address: str) -> Iterator[Engine]:
    """An engine on the cluster whose scheduler is at `address`.

    Raises:
        RegisterError: it cannot be reached.
    """
    try:
        client: Any = Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise RegisterError(f"no Dask scheduler answers at {address}") from error
    with client:
        yield DaskEngine(client)
