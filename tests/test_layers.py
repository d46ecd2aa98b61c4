"""The direction of imports, as the architecture draws it: leaves know nobody, doors are single."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"drivers", "kiosk", "offline_cache", "ui"}
DOORS = {
    "smartcard": {"drivers.pcsc"},
    "serial": {"drivers.scanner"},
    "pygame": {"ui.window", "ui.paint", "ui.pane", "ui.png", "ui.shapes", "ui.sheet", "ui.sound"},
    "sqlite_utils": {
        "kiosk.journal.journal",
        "kiosk.journal.store",
        "kiosk.second_look.queue",
        "kiosk.second_look.store",
        "kiosk.small_store",
    },
    "segno": {"kiosk.journal.qr"},
    "PIL": {"kiosk.photo_decode"},
    "aiohttp": {
        "kiosk.clinic.api",
        "kiosk.clinic.connection",
        "kiosk.clinic.doors",
        "kiosk.clinic.pages",
        "kiosk.clinic.problems",
        "kiosk.clinic.wedge",
        "kiosk.clinic.worker",
    },
    "requests": {"kiosk.online.client"},
    "lxml": {"kiosk.online.messages", "kiosk.demo.fund_messages"},
    "cryptography": {
        "kiosk.authenticity.chain",
        "kiosk.authenticity.keys",
        "kiosk.demo.certificates",
        "kiosk.demo.issuer_keys",
        "kiosk.doctor.certificates",
        "kiosk.enrol_key",
        "kiosk.journal.keys",
        "kiosk.second_look.seal",
        "offline_cache.enrolment",
        "offline_cache.publisher.signing",
    },
    "urllib3": {"offline_cache.fetch_http", "kiosk.online.client"},
    "tuf": {
        "offline_cache.trust",
        "offline_cache.publisher.init",
        "offline_cache.publisher.metadata",
        "offline_cache.publisher.repository",
        "offline_cache.publisher.software",
    },
    "securesystemslib": {"offline_cache.trust", "offline_cache.publisher.signing"},
    "psycopg": {"offline_cache.publisher.postgres"},
    "distributed": {"offline_cache.publisher.cluster"},
    "holidays": {"kiosk.working_days"},
    "babel": {"kiosk.locale.build", "kiosk.locale.extract"},
    "setuptools": {"kiosk.locale.build"},
    "prometheus_client": {"kiosk.metrics", "kiosk.metrics_now"},
}
"""Third-party libraries, each with the modules that may import it."""

OFFICE_ONLY = {"numpy", "pyarrow"}
"""What the publisher's modules compute with; a kiosk does without it."""

PURE = {
    "offline_cache.columns",
    "offline_cache.enrolment",
    "offline_cache.enrolment_code",
    "offline_cache.freshness",
    "offline_cache.manifest",
    "offline_cache.normalise",
    "offline_cache.wire",
    "kiosk.clinic_addresses",
    "kiosk.clinic.fhir",
    "kiosk.clinic.fields",
    "kiosk.clinic.guard",
    "kiosk.clinic.snapshot",
    "kiosk.clinic.words",
    "kiosk.verdict",
    "kiosk.session",
    "kiosk.session_cards",
    "kiosk.session_steps",
    "kiosk.session_touch",
    "kiosk.times",
    "kiosk.zones",
    "kiosk.states",
    "kiosk.typing_limit",
    "kiosk.pace",
    "kiosk.presentable",
    "kiosk.presenter",
    "kiosk.presenter_busy",
    "kiosk.presenter_result",
    "kiosk.presenter_touch",
    "kiosk.comparison",
    "kiosk.families",
    "kiosk.reasons",
    "kiosk.enrol_config",
    "kiosk.intake",
    "kiosk.keypad",
    "kiosk.journal.codes",
    "kiosk.journal.receipt",
    "kiosk.online.errors",
    "kiosk.online.ferzl_errors",
    "kiosk.online.ferzl_messages",
    "kiosk.online.papers",
    "kiosk.online.person",
    "kiosk.online.zp1_answer",
    "kiosk.online.zp1_question",
    "kiosk.online.zp1_record",
    "kiosk.second_look.rules",
    "drivers.apdu",
    "drivers.ber_tlv",
    "drivers.framing",
    "drivers.events",
    "ui.buttons",
    "ui.keypad",
    "ui.layout",
    "ui.registrar_large",
    "ui.screen",
    "ui.service",
    "ui.theme",
    "ui.turning",
}
IMPURE = {"socket", "subprocess", "threading", "time", "select", "sqlite3", "random", "logging"}


def modules() -> dict[str, Path]:
    """All our modules by dotted name."""
    found = {}
    for package in sorted(OURS):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path: Path, *, at_load: bool = False) -> set[str]:
    """Dotted names that a module imports; `at_load`: leaving out functions and type checking."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        match node:
            case ast.Import(names):
                found.update(alias.name for alias in names)
            case ast.ImportFrom(module=str(module)):
                found.add(module)
                found.update(f"{module}.{alias.name}" for alias in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if at_load:
                return
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if at_load:
                return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


MODULES = modules()


@pytest.mark.parametrize("leaf", ["drivers", "ui", "offline_cache"])
def test_leaves_import_nothing_of_ours(leaf: str) -> None:
    for name, path in MODULES.items():
        if name.split(".")[0] == leaf:
            others = {found.split(".")[0] for found in imports_of(path)} & OURS
            assert others <= {leaf}, f"{name} imports {others - {leaf}}"


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_its_doors(library: str) -> None:
    users = {
        name
        for name, path in MODULES.items()
        if any(found.split(".")[0] == library for found in imports_of(path))
    }
    assert users <= DOORS[library]


def test_a_kiosk_does_without_the_publisher() -> None:
    for name, path in MODULES.items():
        if name.startswith("offline_cache.publisher"):
            continue
        imported = imports_of(path, at_load=True)
        assert not {found.split(".")[0] for found in imported} & OFFICE_ONLY, name
        if name.startswith("offline_cache"):
            assert not [one for one in imports_of(path) if one.startswith("offline_cache.publ")]


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_modules_touch_nothing(module: str) -> None:
    names = {found.split(".")[0] for found in imports_of(MODULES[module])}
    assert not names & IMPURE


def test_the_demo_is_only_imported_by_its_command() -> None:
    users = {
        name
        for name, path in MODULES.items()
        if not name.startswith("kiosk.demo")
        and any(found.startswith("kiosk.demo") for found in imports_of(path))
    }
    assert users == {"kiosk.cli"}


def test_no_cycles_at_load_time() -> None:
    graph = {
        name: {found for found in imports_of(path, at_load=True) if found in MODULES} - {name}
        for name, path in MODULES.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join([*trail, name])
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of code of a function, without its signature and docstring."""
    first = function.body[0]
    if ast.get_docstring(function) is not None and len(function.body) > 1:
        first = function.body[1]
    return (function.end_lineno or first.lineno) - first.lineno + 1


@pytest.mark.parametrize("name", sorted(MODULES))
def test_modules_stay_readable(name: str) -> None:
    """About 300 lines a module and 40 a function; the margin is for tables."""
    text = MODULES[name].read_text(encoding="utf-8")
    assert text.count("\n") <= 330
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert body_lines(node) <= 40, f"{node.name} has {body_lines(node)} lines"
