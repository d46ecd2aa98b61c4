"""Write the corpus anew: `python -m tests.vectors.make`.

Inputs come from the encoders of the demo, presented policies from the people in `people.txt`, and
verdicts from `table.csv`, where they are written by hand: no decoder and no decision is asked.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, Final

from tests.vectors.cast import FOLDER, read_cast, register_csv
from tests.vectors.expected import policy_of
from tests.vectors.inputs import make_input, presented
from tests.vectors.sign import PERSON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vectors.cast import Member

_FILES: Final = {
    "chip": "chips",
    "barcode-01": "barcodes",
    "barcode-02": "barcodes",
    "text": "texts",
    "arkhangelsk": "texts",
    "mrz": "texts",
}
"""File of each document; `typed` for all others."""
_KINDS: Final = {
    "chip": "chip",
    "barcode-01": "scan",
    "barcode-02": "scan",
    "text": "scan",
    "arkhangelsk": "scan",
    "mrz": "scan",
}
"""What delivers each document; the others are typed and are their own kind."""


class TableError(Exception):
    """A line of the table that contradicts the people."""


def read_table(name: str) -> list[dict[str, str]]:
    """The lines of one of the hand-written tables."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def made() -> dict[str, str]:
    """The generated files: name and content."""
    cast = read_cast()
    steps = {line["reason"]: line["next_step"] for line in read_table("next_steps.csv")}
    files: dict[str, str] = {"register.csv": register_csv(cast)}
    for line in read_table("table.csv"):
        vector = _vector(line, cast[line["person"]], steps)
        name = f"{_FILES.get(line['document'], 'typed')}.jsonl"
        files[name] = files.get(name, "") + json.dumps(vector, ensure_ascii=False) + "\n"
    files["signed.jsonl"] = "".join(
        json.dumps(vector, ensure_ascii=False) + "\n" for vector in _signed(cast[PERSON], steps)
    )
    return files


def _signed(member: Member, steps: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The vectors whose signatures real keys made; all of one person."""
    stored = {line["name"]: bytes.fromhex(line["hex"]) for line in read_table("signed.csv")}
    for line in read_table("signed_table.csv"):
        vector = _vector(line | {"read": "yes", "status": member.status}, member, steps)
        signed = stored[line["name"]]
        if line["document"] == "chip":
            vector["input"]["insurer"] = signed.hex()
            signature = _value_of(b"\x5f\x61", signed)
        else:
            vector["input"]["hex"] = signed.hex()
            signature = signed[65:]
        vector["policy"]["signature_hex"] = signature.hex()
        vector["signature"] = {"outcome": line["signature"], "why": line["why"] or None}
        yield vector


def _value_of(tag: bytes, data: bytes) -> bytes:
    """The value behind the first `tag`, which no earlier value holds."""
    at = data.index(tag) + len(tag)
    size, at = data[at], at + 1
    if size > 0x80:
        more = size - 0x80
        size, at = int.from_bytes(data[at : at + more], "big"), at + more
    return data[at : at + size]


def _vector(line: dict[str, str], member: Member, steps: dict[str, str]) -> dict[str, Any]:
    readable = line["read"] == "yes"
    if line["status"] != (member.status if readable else "-"):
        raise TableError(f"table.csv, {line['name']}: {member.status} is the person's status")
    shown = presented(line["document"], member, line["how"])
    given = make_input(shown)
    return {
        "name": line["name"],
        "document": line["document"],
        "kind": _KINDS.get(line["document"], line["document"]),
        "input": given,
        "policy": policy_of(shown, given) if readable else None,
        "error": None if readable else line["reason"],
        "verdict": {
            "family": line["verdict"],
            "reason": line["reason"],
            "notes": line["notes"].split(),
            "next_step": steps[line["reason"]],
        },
        "signature": None,
    }


def main() -> None:
    """Write the files beside this module."""
    for name, content in made().items():
        (FOLDER / name).write_text(content, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
