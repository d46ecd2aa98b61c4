"""Asks the PC/SC service for its readers, in a process of its own: a call to it can hang for ever.

Prints one line of JSON: `cause` (null, `no-service`, `refused`, `no-library`), `native` (the
service's return code) and `readers` (names).
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Ask and print."""
    readers: list[str] = []
    cause: str | None = None
    native: int | None = None
    from drivers.reader_loop import ServiceError  # noqa: PLC0415  # as the next one

    try:
        from drivers.pcsc import PcscService  # noqa: PLC0415  # may be missing
    except (ImportError, OSError):
        cause = "no-library"
    else:
        try:
            service = PcscService()
            try:
                readers = service.readers()
            finally:
                service.close()
        except ServiceError as error:
            cause, native = error.cause, error.native & 0xFFFFFFFF
    json.dump({"cause": cause, "native": native, "readers": readers}, sys.stdout)


if __name__ == "__main__":
    main()
