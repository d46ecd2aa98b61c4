"""What is served: the policy on the screen, events about it, and what describes both.

`make_app` joins the routes with the one way through which every request goes: host, origin, no
body, then the token where one is needed. An answer is sent within a time limit, so that a reader
that drips holds nothing but its own connection; and errors of ours are told as their type alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from kiosk import __version__
from kiosk.clinic import fhir
from kiosk.clinic.connection import connection_of
from kiosk.clinic.fields import ALL_FIELDS, Scope, allowed, to_json
from kiosk.clinic.hub import Hub, Listener
from kiosk.clinic.problems import SAFE_HEADERS, ProblemError, problem
from kiosk.clinic.snapshot import Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kiosk.clinic.feed import ClinicFeed
    from kiosk.clinic.guard import Rules
    from kiosk.clinic.pages import Pages
    from kiosk.clinic.tokens import Caller, Tokens

_log = logging.getLogger(__name__)

SEND_SECONDS: Final = 5.0
"""For one answer or event, until the kernel has taken all of it."""
_JSON: Final = "application/json"


@dataclass(slots=True)
class Clinic:
    """What the handlers share."""

    feed: ClinicFeed
    hub: Hub
    tokens: Tokens
    pages: Pages
    monotonic: Callable[[], float] = field(default=time.monotonic)


CLINIC: Final = web.AppKey("clinic", Clinic)


def make_app(clinic: Clinic) -> web.Application:
    """The application, to be served by `kiosk.clinic.doors`."""

    @web.middleware
    async def gate(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        rules = connection_of(request).rules
        try:
            _check(request, rules)
            response = await handler(request)
        except ProblemError as error:
            response = problem(error.code, error.detail, error.headers)
        except web.HTTPException as error:
            response = _of_router(error)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001  # its words may quote a person
            _log.error("clinic: a request failed: %s", type(error).__name__)
            response = problem("internal")
        if response.prepared:
            return response
        response.headers.update(rules.cors(request.headers))
        return await _send(clinic, request, response)

    app = web.Application(middlewares=[gate], client_max_size=0)
    app[CLINIC] = clinic
    for path, answer in {
        "/v1/policy/current": current,
        "/v1/events": events,
        "/v1/health": health,
        "/v1/openapi.json": clinic.pages.openapi,
    }.items():
        app.router.add_get(path, answer, allow_head=answer is not events)
        app.router.add_options(path, preflight)
    app.router.add_get("/", clinic.pages.page)
    app.router.add_get("/web/{name}", clinic.pages.file)
    app.router.add_get("/words/{language}.json", clinic.pages.words)
    return app


def expecting_nothing(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """Refuse whoever announces a body by `Expect`: aiohttp itself would ask for it, or quote it."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if "Expect" in request.headers:
            response = problem("body")
            response.force_close()
            return response
        return await handler(request)

    return handle


def _check(request: web.Request, rules: Rules) -> None:
    if not rules.names_us(request.headers.get("Host")):
        raise ProblemError("host", "give the host as this kiosk is configured")
    asks_api = request.path.startswith("/v1/")
    if asks_api and not rules.lets_ask(request.headers):
        raise ProblemError("origin", "its origin is not listed in [clinic] origins")
    if request.body_exists:
        raise ProblemError("body", Connection="close")


async def _send(
    clinic: Clinic, request: web.Request, response: web.StreamResponse
) -> web.StreamResponse:
    """Send all of it now, under a limit: aiohttp itself would wait for ever."""
    connection = connection_of(request)
    clinic.hub.sending.add(connection)
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await response.prepare(request)
            await response.write_eof()
            await request.writer.drain()
            await connection.sent()
    except TimeoutError:
        connection.drop()
    finally:
        clinic.hub.sending.discard(connection)
        if isinstance(response, web.Response):
            # aiohttp keeps it until the connection's next question, however late that comes.
            response.body = None
    return response


def _of_router(error: web.HTTPException) -> web.Response:
    if error.status == 405:
        return problem("method", headers={"Allow": error.headers.get("Allow", "GET")})
    return problem("not-found" if error.status == 404 else "bad-request")


# Who asks, and for what


def _caller(request: web.Request) -> Caller:
    given = request.headers.getall("Authorization", [])
    if not given:
        challenge = 'Bearer realm="oms-kiosk"'
        raise ProblemError("no-token", "Authorization: Bearer <token>", WWW_Authenticate=challenge)
    scheme, _, token = given[0].partition(" ")
    caller = None
    if len(given) == 1 and scheme.lower() == "bearer":
        caller = request.app[CLINIC].tokens.find(token.strip())
    if caller is None:
        challenge = 'Bearer realm="oms-kiosk", error="invalid_token"'
        raise ProblemError("bad-token", WWW_Authenticate=challenge)
    return caller


def _names(request: web.Request, caller: Caller) -> frozenset[str]:
    """The fields asked for: all that the scopes open, or fewer by `?fields=`."""
    query = request.query
    if set(query) - {"fields"} or len(query) > 1:
        raise ProblemError("bad-request", "the only parameter is fields, given once")
    opened = allowed(caller.scopes)
    if "fields" not in query:
        return opened
    asked = query["fields"].split(",")
    unknown = [name for name in asked if name not in ALL_FIELDS]
    if unknown or len(set(asked)) != len(asked):
        raise ProblemError("bad-fields", f"known: {', '.join(ALL_FIELDS)}; each once")
    if not opened.issuperset(asked):
        challenge = 'Bearer realm="oms-kiosk", error="insufficient_scope"'
        raise ProblemError(
            "scope", "some of the fields need another scope", WWW_Authenticate=challenge
        )
    return frozenset(asked)


def _accepts(request: web.Request, *kinds: str) -> str:
    """The first of `kinds` that the caller takes most gladly."""
    given = ",".join(request.headers.getall("Accept", ["*/*"])).lower()
    best, chosen = 0.0, ""
    for kind in kinds:
        for part in given.split(","):
            name, *parameters = (piece.strip() for piece in part.split(";"))
            if name in {kind, kind.split("/")[0] + "/*", "*/*"}:
                weight = _weight(parameters) * (1.0 if name == kind else 0.999)
                if weight > best:
                    best, chosen = weight, kind
    if not chosen:
        raise ProblemError("not-acceptable", f"served are {', '.join(kinds)}")
    return chosen


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


# What is served


async def current(request: web.Request) -> web.StreamResponse:
    """The policy whose verdict is on the screen; 204: there is none."""
    clinic = request.app[CLINIC]
    caller = _caller(request)
    names = _names(request, caller)
    kind = _accepts(request, _JSON, fhir.MEDIA_TYPE)
    if kind == fhir.MEDIA_TYPE and Scope.VERDICT not in caller.scopes:
        raise ProblemError("scope", "FHIR needs the scope verdict")
    snapshot = clinic.feed.latest.snapshot
    if snapshot is None or snapshot.stage is not Stage.VERDICT:
        return web.Response(status=204, headers=SAFE_HEADERS)
    said: dict[str, Any]
    if kind == fhir.MEDIA_TYPE:
        said = fhir.bundle(snapshot, names)
    else:
        said = to_json(snapshot, names, clinic.monotonic())
    return _json(said, kind)


async def health(_request: web.Request) -> web.StreamResponse:
    """Whether the server answers, and its version; nothing else, since it needs no token."""
    return _json({"status": "pass", "version": __version__}, _JSON)


async def preflight(request: web.Request) -> web.StreamResponse:
    """What a browser asks before a page of another origin may ask."""
    allows = connection_of(request).rules.cors(request.headers, preflight=True)
    headers = {**SAFE_HEADERS, **allows}
    return web.Response(status=204, headers=headers)


async def events(request: web.Request) -> web.StreamResponse:
    """Server-sent events until the caller leaves."""
    clinic = request.app[CLINIC]
    caller = _caller(request)
    names = _names(request, caller)
    _accepts(request, "text/event-stream")
    listener = Listener(caller, names, connection_of(request))
    if not clinic.hub.join(listener):
        raise ProblemError("busy", "too many streams of events", Retry_After="5")
    try:
        return await _stream(request, listener)
    finally:
        clinic.hub.leave(listener)


async def _stream(request: web.Request, listener: Listener) -> web.StreamResponse:
    response = web.StreamResponse(headers={**SAFE_HEADERS, "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    response.force_close()
    response.headers.update(connection_of(request).rules.cors(request.headers))
    await response.prepare(request)
    connection = connection_of(request)
    while (event := await listener.next()) is not None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await response.write(event)
                await request.writer.drain()
                await connection.sent()
        except TimeoutError:
            connection.drop()
            break
    return response


def _json(said: dict[str, Any], kind: str) -> web.Response:
    body = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    return web.Response(body=body, content_type=kind, headers=SAFE_HEADERS)
