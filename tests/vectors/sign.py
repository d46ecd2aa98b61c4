"""Make the signed documents of the corpus anew: `python -m tests.vectors.sign`.

Keys and signatures are random, so what this writes differs each time and is kept as it is:
`trust.csv`, the keys to be trusted, and `signed.csv`, what they signed or did not. The secret keys
are forgotten. `python -m tests.vectors.make` must follow.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from kiosk.demo.issuers import BARCODE_KEYS, Sample, make_issuers, trust_table
from tests.vectors.cast import FOLDER, read_cast

TODAY: Final = date(2026, 11, 22)
PERSON: Final = "confirmed"
OTHER_EXPIRY: Final = date(2030, 1, 1)
"""What somebody wrote into a barcode of a policy without an end."""

_EXPIRY_AT: Final = {1: 54, 2: 63}


def main() -> None:
    """Write both files beside this module."""
    with TemporaryDirectory() as folder:
        issuers = make_issuers(Path(folder), TODAY, one=read_cast()[PERSON].person)
    (FOLDER / "trust.csv").write_bytes(trust_table(issuers.trusted))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "hex"))
    for sample in issuers.samples:
        writer.writerow((sample.name, _bytes(sample).hex()))
    good = {sample.name: _bytes(sample) for sample in issuers.samples}
    for algorithm in BARCODE_KEYS:
        for kind, at in _EXPIRY_AT.items():
            code = good[f"barcode-0{kind}-{algorithm}"]
            days = (OTHER_EXPIRY - date(1900, 1, 1)).days.to_bytes(2, "big")
            altered = code[:at] + days + code[at + 2 :]
            writer.writerow((f"barcode-0{kind}-{algorithm}-prolonged", altered.hex()))
    (FOLDER / "signed.csv").write_text(out.getvalue(), encoding="utf-8", newline="")


def _bytes(sample: Sample) -> bytes:
    """The insurer file of a card, or the barcode."""
    return sample.insurer or sample.barcode or b""


if __name__ == "__main__":
    main()
