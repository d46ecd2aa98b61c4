"""Names of what can be touched: `ui` draws it, `kiosk.session_touch` takes it. Pure.

| zone | what it is |
|---|---|
| `language:N` | the Nth language that is offered |
| `number` | the way to the keypad |
| `kind:K` | the kind of number, `kiosk.keypad.Kind` |
| `key:D`, `key:K` | a digit, or a `kiosk.keypad.Key` |
| `kiosk` | the kiosk's number in the footer: five touches ask for the technicians' PIN |
| `close` | the end of a page |
"""

from __future__ import annotations

from typing import Final

LANGUAGE: Final = "language:"
NUMBER: Final = "number"
KIND: Final = "kind:"
KEY: Final = "key:"
DONE: Final = KEY + "done"
KIOSK: Final = "kiosk"
CLOSE: Final = "close"

_NAMED: Final = {
    "return": "done",
    "enter": "done",
    "backspace": "delete",
    "delete": "clear",
    "escape": "back",
}
"""Keys of keyboards and number keypads, by pygame's names, and what they mean here."""


def zone_of_key(name: str) -> str | None:
    """The zone that a key of a keyboard stands for; None: it means nothing here.

    `name` is pygame's: a keypad's digits are in brackets there, `[7]`.
    """
    plain = name.removeprefix("[").removesuffix("]")
    if len(plain) == 1 and plain.isascii() and plain.isdigit():
        return KEY + plain
    meant = _NAMED.get(plain)
    return None if meant is None else KEY + meant
