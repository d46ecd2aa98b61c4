"""What `kiosk journal` prints: receipts and reports for programs and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiosk.journal import receipt, statement
from kiosk.journal.reader import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.journal.verify import Report


def last_receipts(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    """The newest `count` receipts of a journal as JSON values, the oldest of them first.

    Raises:
        JournalFileError: there is no journal, or it cannot be read.
        ReceiptFormatError: one of them is no receipt.
    """
    with reading(folder) as read:
        for _, raw in read.receipts(after=read.last() - count):
            yield receipt.to_json(raw)


def one_receipt(folder: Path, number: int) -> dict[str, Any] | None:
    """One receipt as JSON values; None: there is none with this number.

    Raises:
        JournalFileError: there is no journal, or it cannot be read.
        ReceiptFormatError: it is no receipt.
    """
    with reading(folder) as read:
        raw = read.receipt(number)
    return None if raw is None else receipt.to_json(raw)


def whole_journal(folder: Path, since: str) -> Iterator[dict[str, Any]]:
    """Beginning, receipts and head of one state of a journal, as JSON values.

    `since` is a time in the form of a receipt's `at` (UTC), or "": older receipts are left out, but
    for those whose clock was not trusted.

    Raises:
        JournalFileError: there is no journal, or it cannot be read.
        ReceiptFormatError: something in it is no receipt.
    """
    with reading(folder) as read:
        begun, head = read.statement("beginning"), read.statement("head")
        if begun is not None:
            yield statement.to_json(begun[1])
        for _, raw in read.receipts():
            values = receipt.to_json(raw)
            if values["at"] >= since or not values["clock_trusted"]:
                yield values
        if head is not None:
            yield statement.to_json(head[1])


def line_of(values: dict[str, Any]) -> str:
    """A receipt's JSON values in one line for people."""
    known, document = values["how_known"], values["document"]
    by = known["service"] or known["source"] or "nobody"
    by += f" {known['serial']}" if known["serial"] is not None else ""
    words = (
        *(f"{values['number']:>7}", values["at"], "" if values["clock_trusted"] else "CLOCK?"),
        *(values["verdict"], values["reason"], f"by {by}"),
        *(document["source"] or "", document["format"] or "", ",".join(values["notes"])),
        f"({values['missed']} missed before)" if values["missed"] else "",
    )
    return "  ".join(word for word in words if word)


def report_to_json(report: Report) -> dict[str, Any]:
    """What was found, for programs."""
    begun = report.beginning
    return {
        "sound": report.sound,
        "receipts": report.count,
        "first": report.first,
        "last": report.last,
        "missed": report.missed,
        "clock_not_trusted": report.untrusted,
        "begins": None if begun is None else begun.why.name.lower(),
        "found": report.found,
        "findings": [
            {"code": one.code, "number": one.number, "words": one.words} for one in report.findings
        ],
    }


def report_to_words(report: Report) -> str:
    """What was found, for people: several lines."""
    held = f"{report.count} receipts"
    if report.first is not None:
        held += f", numbers {report.first} to {report.last}"
    if report.beginning is not None:
        held += f"; begins: {report.beginning.why.name.lower().replace('_', ' ')}"
    lines = [held]
    if report.missed:
        lines.append(f"{report.missed} checks could not be written down")
    for one in report.findings:
        where = "" if one.number is None else f" {one.number}"
        lines.append(f"{one.code}{where}: {one.words}")
    lines.append("as the kiosk wrote it" if report.sound else "NOT as the kiosk wrote it")
    return "\n".join(lines)
