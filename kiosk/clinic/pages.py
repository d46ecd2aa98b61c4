"""The registrars' page and the words that it shows; and the description of the interface.

The page is plain files beside this module: no framework, nothing from anywhere else. Its words are
those of the screen's catalogues, handed over as they stand. Its token is typed once for each tab
and stays in that tab's memory (`sessionStorage`): a cookie would go along with every request that
any page makes a browser send. That is also why it reads events with `fetch`, since an
`EventSource` can send no header.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from kiosk.catalogue import Catalogue
from kiosk.clinic.problems import SAFE_HEADERS, ProblemError
from kiosk.clinic.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE: Final = Path(__file__).parent
_KINDS: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_PAGE_HEADERS: Final = {
    **SAFE_HEADERS,
    "Content-Security-Policy": _PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=()",
}


class Pages:
    """Answers with files that came with the program; all are read at the start."""

    def __init__(self, languages: tuple[str, ...] = ("ru", "en")) -> None:
        """`languages`: of the page, the first is shown where a browser wants none of them."""
        self._languages = languages
        self._files = {
            path.name: (path.read_bytes(), _KINDS[path.suffix])
            for path in (HERE / "web").iterdir()
            if path.suffix in _KINDS
        }
        self._openapi = (HERE / "openapi.json").read_bytes()

    async def page(self, _request: web.Request) -> web.Response:
        """The page itself."""
        return self._answer("index.html")

    async def file(self, request: web.Request) -> web.Response:
        """One of its parts."""
        return self._answer(request.match_info["name"])

    async def words(self, request: web.Request) -> web.Response:
        """The words of one language."""
        language = request.match_info["language"]
        if language not in self._languages:
            raise ProblemError("not-found", f"languages: {', '.join(self._languages)}")
        return web.json_response(_words(language), headers=SAFE_HEADERS)

    async def openapi(self, _request: web.Request) -> web.Response:
        """The description of the interface."""
        return web.Response(
            body=self._openapi, content_type="application/json", headers=SAFE_HEADERS
        )

    def _answer(self, name: str) -> web.Response:
        if name not in self._files:
            raise ProblemError("not-found")
        body, kind = self._files[name]
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_PAGE_HEADERS)


@cache
def _words(language: str) -> Mapping[str, str]:
    return words_of(Catalogue(language))
