"""Folds deltas into the overlay of a base, without reading the base.

The sources are ascending in their keys, so that folding is one merge in which the newest row of a
key wins; memory is bounded by a block of every source. Deleted entries stay as rows: the base still
has them.
"""

from __future__ import annotations

import heapq
import itertools
from contextlib import ExitStack, closing
from operator import itemgetter
from typing import TYPE_CHECKING

from offline_cache.columns import NO_INSURER, References, WireRow, blocks_of, rows_of
from offline_cache.errors import EndStateError
from offline_cache.file_writer import FileWriter
from offline_cache.manifest import EndState
from offline_cache.register_file import RegisterFile
from offline_cache.wire import BLOCK_ROWS, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from offline_cache.columns import Columns
    from offline_cache.format import Insurer, RegisterKey
    from offline_cache.layout import Meta

_KEY = itemgetter(0)


def build_overlay(
    path: Path,
    key: RegisterKey,
    before: Path | None,
    deltas: Sequence[Path],
    about: Meta,
    expected: EndState,
) -> Meta:
    """Make an overlay at `path`, which must not exist; still to be synced.

    `before` is the overlay so far, None for none; `deltas` are the rows files of the lists since,
    oldest first. `about` says everything but rows, digest and first key.

    Raises:
        EndStateError: what came out is not what was signed: a delta is missing, or was made for
            another list.
        RowsFormatError: a delta is not sound.
        RegisterError: the overlay so far cannot be read.
        sqlite3.Error, OSError: the disk is full or failed.
    """
    with ExitStack() as stack:
        sources: list[tuple[References, Iterable[WireRow]]] = []
        for delta in reversed(deltas):
            header, blocks = read_blocks(stack.enter_context(delta.open("rb")))
            sources.append((header.references, itertools.chain.from_iterable(map(rows_of, blocks))))
        if before is not None:
            overlay = stack.enter_context(closing(RegisterFile(before, key)))
            sources.append((overlay.references, overlay.rows()))
        references, blocks = fold(sources)
        writer = FileWriter(path, key, references)
        meta = writer.write(blocks, about, most=expected.rows)
    if EndState(meta.rows, meta.digest) != expected:
        raise EndStateError("the deltas do not lead to the list that was signed")
    writer.check()
    return meta


def fold(
    sources: Sequence[tuple[References, Iterable[WireRow]]],
) -> tuple[References, Iterator[Columns]]:
    """One stream of blocks from several of rows, the newest first; each key once."""
    references = References(
        tuple(sorted({each for tables, _ in sources for each in tables.insurers}, key=_by_number)),
        tuple(sorted({each for tables, _ in sources for each in tables.clinics})),
    )
    insurers = {each: place for place, each in enumerate(references.insurers)}
    clinics = {each: place for place, each in enumerate(references.clinics, start=1)}
    streams = [
        _renumbered(
            rows,
            {NO_INSURER: NO_INSURER}
            | {n: insurers[each] for n, each in enumerate(tables.insurers)},
            [0, *(clinics[each] for each in tables.clinics)],
        )
        for tables, rows in sources
    ]
    # heapq.merge keeps equal keys in the order of the streams.
    merged = itertools.groupby(heapq.merge(*streams, key=_KEY), key=_KEY)
    return references, blocks_of((next(group) for _, group in merged), BLOCK_ROWS)


def _renumbered(
    rows: Iterable[WireRow], insurers: dict[int, int], clinics: list[int]
) -> Iterator[WireRow]:
    for row in rows:
        yield WireRow(*row[:3], insurers[row.insurer], clinics[row.clinic], *row[5:])


def _by_number(insurer: Insurer) -> tuple[str, str]:
    return insurer.ogrn, insurer.okato
