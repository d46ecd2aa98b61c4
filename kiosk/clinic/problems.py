"""Errors as `application/problem+json` (RFC 9457), and the headers that every answer has."""

from __future__ import annotations

import json
from typing import Final

from aiohttp import web

PROBLEM_TYPE: Final = "application/problem+json"
_PREFIX: Final = "urn:x-oms-kiosk:problem:"

SAFE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "oms-kiosk",
    "Vary": "Accept, Authorization, Origin",
    "X-Content-Type-Options": "nosniff",
}

_TITLES: Final = {
    "bad-request": (400, "The request is malformed"),
    "bad-fields": (400, "The fields asked for are not known"),
    "no-token": (401, "A token is needed"),
    "bad-token": (401, "The token is not known here"),
    "origin": (403, "This page may not ask"),
    "scope": (403, "The token does not open this"),
    "not-found": (404, "There is no such thing"),
    "method": (405, "Only GET is served"),
    "not-acceptable": (406, "No such representation"),
    "body": (413, "A request has no body"),
    "host": (421, "The request is meant for another host"),
    "internal": (500, "A fault of the kiosk"),
    "busy": (503, "Too many connections"),
}
"""Fixed codes: status and title of each."""


class ProblemError(Exception):
    """The end of a request: a code of the table and a sentence, nothing personal."""

    def __init__(self, code: str, detail: str = "", **headers: str) -> None:
        """`headers`: with `_` for `-`."""
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem(code: str, detail: str = "", headers: dict[str, str] | None = None) -> web.Response:
    """The answer for a code of the table."""
    status, title = _TITLES[code]
    said = {"type": _PREFIX + code, "title": title, "status": status}
    if detail:
        said["detail"] = detail
    return web.Response(
        status=status,
        body=json.dumps(said).encode(),
        content_type=PROBLEM_TYPE,
        headers={**SAFE_HEADERS, **(headers or {})},
    )
