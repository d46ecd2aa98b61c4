"""The registrars' page, clicked through in a real Chromium."""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from kiosk.catalogue import Catalogue
from kiosk.clinic.hub import MOST_LISTENERS
from kiosk.clinic.snapshot import Standing
from kiosk.clinic.words import OWN, keys
from kiosk.comparison import Check, Outcome
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.online.fund import FundMode
from kiosk.policy.model import Photo
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from offline_cache.format import Status
from offline_cache.freshness import Freshness
from tests.clinic.browser import chromium, resize
from tests.clinic.serving import INSURED, NOON, Served, free_port, inserted, served, shown, wait_for
from tests.clinic.test_events import listening
from tests.kiosk.cases import OTHER_SMO, POLICY, RECORD, REGISTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

    from kiosk.clinic.snapshot import Snapshot
    from kiosk.families import Verdict

STANDING = Standing("0412", NOON, NOON, 7, Freshness.FRESH, FundMode.ONLINE)
SIZES = ((800, 600), (1280, 800), (390, 844))
CHECKS = (
    Check("check_digit", Outcome.PASS),
    Check("register", Outcome.PASS),
    Check("person", Outcome.FAIL),
    Check("signature", Outcome.UNKNOWN),
)
LONG = replace(
    POLICY,
    surname="ВОЗНЕСЕНСКИЙ-БЛАГОНРАВОВ-ТРЁХРЕЧЕНСКИЙ",
    given_name="МУХАММАДРАХИМ",
    patronymic="АБДУРРАХМАНОВИЧ",
    snils="90012345678",
)
FAMILIES: dict[str, tuple[Verdict, str]] = {
    "insured": (Insured(RECORD, REGISTER, (), CHECKS), "Полис действует"),
    "not_insured": (
        NotInsured(
            NotInsuredReason.EXPIRED,
            replace(RECORD, status=Status.EXPIRED, valid_to=date(2025, 12, 31)),
            REGISTER,
            (),
            CHECKS,
        ),
        "Срок действия полиса истёк",
    ),
    "could_not_check": (
        CouldNotCheck(CouldNotCheckReason.DETAILS_DIFFER, RECORD, REGISTER, (), CHECKS),
        "Нужно уточнить данные",
    ),
}
CONTRAST = """
const linear = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const behind = (node) => {
  for (; node; node = node.parentElement) {
    const found = parse(getComputedStyle(node).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || node.closest("noscript")) continue;
  const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
  found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walker.currentNode.data.trim()]);
}
return found;
"""


@pytest.fixture(scope="module")
def clinic() -> Iterator[Served]:
    with served(port=free_port()) as one:
        yield one


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with chromium(tmp_path_factory.mktemp("chromium")) as one:
        yield one


class Page:
    """The page as a registrar sees it."""

    def __init__(self, browser: WebDriver, clinic: Served) -> None:
        self.browser = browser
        self.clinic = clinic

    def open(self) -> None:
        """Begin as a tab that nobody has used."""
        resize(self.browser, *SIZES[1])
        self.browser.get(f"http://127.0.0.1:{self.clinic.port}/")
        self.browser.execute_script("sessionStorage.clear(); localStorage.clear();")
        self.browser.refresh()
        self.wait("token")

    def enter(self, token: str = "all") -> None:  # noqa: S107  # a name
        self.type(self.clinic.tokens[token])

    def type(self, text: str) -> None:
        self.browser.find_element(By.ID, "token").send_keys(text + Keys.ENTER)

    def publish(self, snapshot: Snapshot | None, standing: Standing = STANDING) -> None:
        self.clinic.feed._put(snapshot, standing)

    def show(self, snapshot: Snapshot, standing: Standing = STANDING) -> None:
        self.publish(None, standing)
        self.wait("waiting")
        self.publish(snapshot, standing)
        self.wait("verdict")

    @property
    def frame(self) -> str:
        found = self.browser.find_element(By.ID, "frame").get_attribute("data-frame")
        return found or ""

    def wait(self, frame: str) -> None:
        wait_for(lambda: self.frame == frame, 20)

    @property
    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "body").text

    @property
    def source(self) -> str:
        return str(self.browser.execute_script("return document.documentElement.outerHTML"))

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)


@pytest.fixture
def page(browser: WebDriver, clinic: Served) -> Iterator[Page]:
    """The page, before a token is entered; afterwards nobody is there, and nothing complained."""
    clinic.feed._put(None, STANDING)
    one = Page(browser, clinic)
    one.open()
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    yield one
    clinic.feed._put(None, STANDING)
    complaints = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert not [line for line in complaints if "401" not in line["message"]]


def test_every_word_of_the_page_is_there() -> None:
    for language in ("ru", "en", "tt"):
        catalogue = Catalogue(language)
        assert all(catalogue.text_or_empty(key) for key in OWN)
        assert len([key for key in keys() if catalogue.text_or_empty(key)]) > 150


def test_a_wrong_key_is_said_and_a_right_one_lets_in(page: Page) -> None:
    page.type("oms_wrong")
    wait_for(lambda: "не знает такого ключа" in page.text)
    page.enter()
    page.wait("waiting")
    assert "Ждём карту или код" in page.text
    assert "Реестр на 22.11.2026" in page.text
    stored = page.browser.execute_script("return [{...sessionStorage}, {...localStorage}]")
    assert page.clinic.tokens["all"] in str(stored[0])
    assert page.clinic.tokens["all"] not in str(stored[1])
    assert page.browser.get_cookies() == []
    assert page.clinic.tokens["all"] not in page.source
    page.browser.refresh()
    page.wait("waiting")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_verdict_has_shape_word_and_colour(page: Page, family: str) -> None:
    verdict, headline = FAMILIES[family]
    page.enter()
    page.show(shown(3, verdict, LONG))
    assert page.all("h1")[0].text.replace("\n", " ") == headline
    assert len(page.all(f"article.{family} .shape svg")) == 1
    text = page.text
    assert "ВОЗНЕСЕНСКИЙ-" in text
    assert "7856 5108 4400 0123" in text.replace("\u00a0", " ")
    assert "05.03.1984, м" in text
    assert [item.get_attribute("class") for item in page.all(".checks li")] == [
        "pass",
        "pass",
        "fail",
        "unknown",
    ]
    assert ("Экстренная помощь" in text) == (family == "not_insured")
    assert "отказ" not in text.lower()


def test_it_follows_the_card_and_is_empty_afterwards(page: Page) -> None:
    page.enter()
    wait_for(lambda: "Реестр на" in page.text)
    before = page.source
    page.publish(inserted(4))
    page.wait("inserted")
    assert "Карта читается" in page.text
    page.publish(shown(4, policy=LONG))
    page.wait("verdict")
    page.publish(None)
    page.wait("waiting")
    assert page.source == before
    assert "ВОЗНЕСЕНСКИЙ" not in page.source


def test_an_answer_goes_by_itself_when_its_time_is_over(page: Page) -> None:
    page.enter()
    page.wait("waiting")
    page.publish(replace(shown(5), until=shown(5).until - 19.0))  # type: ignore[operator]
    page.wait("verdict")
    assert "Исчезнет через" in page.text
    page.wait("waiting")


def test_a_page_that_is_put_away_holds_nobody(page: Page) -> None:
    page.enter()
    page.show(shown(6, policy=LONG))
    page.browser.execute_script("dispatchEvent(new PageTransitionEvent('pagehide'))")
    page.wait("waiting")
    assert "ВОЗНЕСЕНСКИЙ" not in page.source


def test_a_line_that_breaks_leaves_nobody_on_the_page(browser: WebDriver) -> None:
    port = free_port()
    with served(port=port) as one:
        page = Page(browser, one)
        page.open()
        page.enter()
        page.show(shown(6, policy=LONG))
        assert "ВОЗНЕСЕНСКИЙ" in page.source
    page.wait("lost")
    assert "Нет связи с терминалом" in page.text
    assert "ВОЗНЕСЕНСКИЙ" not in page.source
    # It comes back by itself; this kiosk has other tokens.
    with served(port=port):
        page.wait("token")


def test_too_many_listeners_are_told(page: Page) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_LISTENERS):
            stack.enter_context(listening(page.clinic))
        page.enter()
        page.wait("lost")
        assert "слишком много программ" in page.text
    page.wait("waiting")
    page.browser.get_log("browser")  # type: ignore[no-untyped-call]


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    assert page.browser.switch_to.active_element.get_attribute("id") == "token"
    page.enter()
    page.show(shown(7))
    order = []
    for _ in range(3):
        page.browser.switch_to.active_element.send_keys(Keys.TAB)
        order.append(page.browser.switch_to.active_element.text)
    assert order == ["RU", "EN", "Отключиться"]
    page.all("button[lang=en]")[0].send_keys(Keys.ENTER)
    wait_for(lambda: "In the register" in page.source.replace("&nbsp;", " "))
    assert page.browser.switch_to.active_element.text == "EN"
    assert page.source.startswith('<html lang="en"')
    page.browser.switch_to.active_element.send_keys(Keys.TAB)
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    page.wait("token")
    assert page.browser.execute_script("return sessionStorage.length") == 0


def test_what_differs_is_marked_by_shape_and_word(page: Page) -> None:
    page.enter()
    changed = replace(RECORD, insurer=OTHER_SMO)
    page.show(shown(8, Insured(changed, REGISTER, (Note.INSURER_CHANGED,), ())))
    (cell,) = page.all("td.differs")
    assert cell.text == "1997800000010 (отличается)"
    assert len(cell.find_elements(By.TAG_NAME, "svg")) == 1
    assert "Страховая компания сменилась" in page.text


def test_a_token_for_the_verdict_alone_shows_no_person(page: Page) -> None:
    page.enter("verdict")
    page.show(shown(9, policy=LONG))
    assert page.all("h1")[0].text == "Полис действует"
    assert "Личные данные скрыты" in page.text
    for secret in ("ВОЗНЕСЕНСКИЙ", "7856", "1984"):
        assert secret not in page.source


def test_nobody_is_claimed_where_nothing_was_read(page: Page) -> None:
    page.enter()
    page.show(shown(10, CouldNotCheck(CouldNotCheckReason.UNREADABLE_CARD), None))
    assert page.all("h1")[0].text == "Карта не читается"
    assert page.all("table, dl, figure") == []


def test_the_photo_comes_and_goes(page: Page) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (320, 400), "#7b6a5b").save(picture, "JPEG")
    page.enter()
    page.show(shown(11, policy=replace(LONG, photo=Photo("image/jpeg", picture.getvalue()))))
    wait_for(lambda: page.all("#photo img"))
    width = "return document.querySelector('#photo img').naturalWidth"
    wait_for(lambda: page.browser.execute_script(width) == 320)
    address = page.all("#photo img")[0].get_attribute("src")
    page.publish(None)
    page.wait("waiting")
    fetch = "return fetch(arguments[0]).then(() => 'there', () => 'gone')"
    page.browser.execute_script("document.body.dataset.probe = ''")
    assert page.browser.execute_script(fetch, address) == "gone"
    page.browser.get_log("browser")  # type: ignore[no-untyped-call]


def test_photos_of_an_answer_told_again_all_go(page: Page) -> None:
    page.browser.execute_script(
        """
        window.held = new Set();
        const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (blob) => { const url = make(blob); held.add(url); return url; };
        URL.revokeObjectURL = (url) => { held.delete(url); drop(url); };
        const ask = window.fetch;
        window.asked = 0;
        // The first photo comes last.
        window.fetch = async (...words) => {
          if (!String(words[0]).includes("photo")) return ask(...words);
          asked += 1;
          if (asked === 1) await new Promise((done) => { window.letGo = done; });
          return ask(...words).catch(() => ask(words[0], { ...words[1], signal: null }));
        };
        """
    )
    picture = io.BytesIO()
    Image.new("RGB", (32, 40), "#7b6a5b").save(picture, "JPEG")
    photo = Photo("image/jpeg", picture.getvalue())
    page.enter()
    page.show(shown(14, policy=replace(LONG, photo=photo)))
    wait_for(lambda: page.browser.execute_script("return asked") == 1)
    page.publish(shown(14, policy=replace(LONG, photo=photo)))
    wait_for(lambda: page.browser.execute_script("return held.size") == 1)
    page.browser.execute_script("letGo()")
    # Long enough for the first one's answer: it asks after it, on the same line.
    page.browser.execute_async_script(
        "fetch('/v1/health').then(() => fetch('/v1/health')).then(arguments[0])"
    )
    page.publish(None)
    page.wait("waiting")
    assert page.browser.execute_script("return [...held]") == []


def test_a_computer_that_slept_shows_nobody_of_yesterday(page: Page) -> None:
    page.enter()
    page.show(shown(15, policy=LONG))
    page.browser.execute_script("const now = Date.now; Date.now = () => now() + 8 * 3600 * 1000;")
    page.wait("waiting")
    assert page.clinic.feed.latest.snapshot is not None, "the kiosk itself said nothing"
    assert "ВОЗНЕСЕНСКИЙ" not in page.source


def test_a_page_whose_words_did_not_come_asks_again(page: Page) -> None:
    script = page.browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": """
            const ask = window.fetch;
            window.fetch = (...words) => {
              window.fetch = ask;
              return Promise.reject(new TypeError("no line"));
            };
            """
        },
    )
    page.browser.refresh()
    page.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    page.wait("token")
    assert "Ключ" in page.text or "ключ" in page.text


def test_a_stream_that_makes_no_sense_is_left(page: Page) -> None:
    page.browser.execute_script(
        """
        const ask = window.fetch;
        window.signals = [];
        window.fetch = (...words) => { signals.push(words[1]?.signal); return ask(...words); };
        """
    )
    page.enter()
    page.wait("waiting")
    page.browser.execute_script(
        "const read = JSON.parse; JSON.parse = () => { JSON.parse = read; throw new Error('x'); };"
    )
    page.publish(inserted(16))
    page.wait("lost")
    assert page.browser.execute_script("return signals[0].aborted") is True
    page.wait("inserted")


@pytest.mark.parametrize("mime", ["image/jp2", "application/octet-stream"])
def test_a_photo_that_browsers_do_not_show_is_said(page: Page, mime: str) -> None:
    page.enter()
    page.show(shown(12, policy=replace(LONG, photo=Photo(mime, b"\x00\x00\x00\x0cjP  "))))
    assert "Фото не показать" in page.text


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=document.title='x'>",
        "\u202eВОРТЕП",
        "А" * 200,
        "Ж\u0301\u0301\u0301\x00\x07",
        "${alert(1)} {{1}}",
    ],
)
def test_names_are_text_whatever_they_hold(page: Page, name: str) -> None:
    page.enter()
    page.show(shown(13, policy=replace(POLICY, surname=name)))
    assert page.all(".surname")[0].get_attribute("textContent") == name
    assert page.all(".person img, .person script") == []
    assert page.browser.title != "x"
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.browser.execute_script(wide) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_sizes(page: Page, scheme: str) -> None:
    """At least 7:1 for every text; nothing hangs over at any size, also when twice as large."""
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    ageing = replace(STANDING, list_freshness=Freshness.AGEING)
    seen = page.browser.execute_script(CONTRAST)
    page.enter()
    page.wait("waiting")
    seen += page.browser.execute_script(CONTRAST)
    verdicts = [verdict for verdict, _ in FAMILIES.values()]
    verdicts.append(Insured(replace(RECORD, insurer=OTHER_SMO), REGISTER, (), ()))
    for number, verdict in enumerate(verdicts, 20):
        page.show(shown(number, verdict, LONG), ageing)
        seen += page.browser.execute_script(CONTRAST)
        for width, height in SIZES:
            resize(page.browser, width, height)
            for zoom in ("100%", "200%"):
                page.browser.execute_script("document.body.style.zoom = arguments[0]", zoom)
                wide = "const e = document.documentElement; return e.scrollWidth - e.clientWidth"
                assert page.browser.execute_script(wide) <= 1, (width, zoom)
            page.browser.execute_script("document.body.style.zoom = ''")
        resize(page.browser, 800, 600)
        high = "const e = document.documentElement; return e.scrollHeight - e.clientHeight"
        assert page.browser.execute_script(high) == 0, "all is seen without scrolling"
    assert len(seen) > 100
    assert min(seen)[0] >= 7.0, min(seen)
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_nothing_is_fetched_from_anywhere_else(page: Page) -> None:
    page.enter()
    page.show(shown(14, INSURED))
    script = "return performance.getEntriesByType('resource').map((one) => one.name)"
    fetched = page.browser.execute_script(script)
    assert len(fetched) > 6
    assert all(one.startswith(f"http://127.0.0.1:{page.clinic.port}/") for one in fetched)
    answer = page.clinic.get("/", None)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_pages_files_are_small(clinic: Served) -> None:
    names = ("", "web/page.css", "web/main.js", "web/view.js", "web/stream.js", "web/words.js")
    sizes = [len(clinic.get(f"/{name}", None).body) for name in (*names, "web/shapes.js")]
    assert sum(sizes) < 64 * 1024
