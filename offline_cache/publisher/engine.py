"""Where the work of a build is done: here, in processes of this machine, or on a Dask cluster.

Answers come in the order of the tasks, whoever was quicker, so that an engine changes nothing in
what is built. Only a few tasks are under way at a time: memory stays bounded at any size.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

from offline_cache.errors import RegisterError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

Task = TypeVar("Task")
Answer = TypeVar("Answer")

TASKS_A_WORKER: Final = 2
"""One at work and one waiting, so that no worker is idle while its answer is taken."""


class Engine(Protocol):
    """Does many independent tasks."""

    def map(
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[Answer, None, None]:
        """The answers, in the order of the tasks; when closed, no task is under way any more.

        Raises:
            RegisterError: a worker died.
            Exception: what `function` raises.
        """


class InlineEngine:
    """One task after the other, here."""

    def map(
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[Answer, None, None]:
        """The answers, in the order of the tasks."""
        for task in tasks:
            yield function(task)


class ProcessEngine:
    """On some cores of this machine."""

    def __init__(self, workers: int) -> None:
        """Start no process yet; the engine is to be closed, best by `with`."""
        self._ahead = workers * TASKS_A_WORKER
        # Forked processes would share locks that threads of Arrow hold.
        self._pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_begin_worker
        )

    def __enter__(self) -> Self:
        """The engine."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def map(
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[Answer, None, None]:
        """The answers, in the order of the tasks.

        Raises:
            RegisterError: a worker died.
        """
        try:
            yield from in_order(lambda task: self._pool.submit(function, task), tasks, self._ahead)
        except BrokenProcessPool as error:
            raise RegisterError(
                "a worker process of the build died, perhaps for want of memory; "
                "nothing was published; try again with fewer --workers"
            ) from error


class Future(Protocol):
    """An answer to come."""

    def result(self) -> Any:
        """Wait for it."""

    def cancel(self) -> object:
        """Do without it, if nobody is at it yet."""


def in_order(
    submit: Callable[[Task], Future], tasks: Iterable[Task], ahead: int
) -> Generator[Any, None, None]:
    """The answers in the order of the tasks, at most `ahead` of them under way."""
    source = iter(tasks)
    waiting = deque(map(submit, islice(source, ahead)))
    try:
        while waiting:
            answer = waiting[0].result()
            waiting.popleft()
            waiting.extend(map(submit, islice(source, 1)))
            yield answer
    finally:
        # Left early: what is still under way writes into a folder that is about to go.
        for future in waiting:
            future.cancel()
        for future in waiting:
            with suppress(Exception):
                future.result()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def process_engine(workers: int) -> Iterator[Engine]:
    """An engine for so many workers: with one there is no need for another process."""
    if workers == 1:
        yield InlineEngine()
        return
    with ProcessEngine(workers) as engine:
        yield engine


def _begin_worker() -> None:
    # Ctrl-C reaches the whole terminal; it is the publisher that ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A publisher that was killed must not leave workers that wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
