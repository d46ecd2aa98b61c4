"""Words and frames: nothing missing, nothing private in public, nothing that refuses."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest

from drivers.events import Device
from kiosk.catalogue import Catalogue
from kiosk.comparison import Check, Outcome
from kiosk.config_sections import KioskSection
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.offline import ListStatus
from kiosk.online.fund import FundMode
from kiosk.photo import PhotoReady
from kiosk.policy.model import Citizenship, Photo, PolicyFormat, PresentedPolicy, Source
from kiosk.presenter import Surroundings, present
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from kiosk.second_look.queue import Answered
from kiosk.states import Checking, DeviceState, Reading, Receiving, Session, Showing, Span, Waiting
from kiosk.stick_watch import StickStage, StickState
from offline_cache.format import Status
from offline_cache.freshness import Freshness
from offline_cache.reference import Clinic, Hotline, Insurer, ReferenceData, Territory
from tests.kiosk.cases import ENP, NOON, ONLINE, OTHER_SMO, POLICY, RECORD, REGISTER, TODAY
from ui import screen as view

if TYPE_CHECKING:
    from kiosk.families import Verdict
    from kiosk.states import State

RUSSIAN = Catalogue("ru")
DEVICES = {Device.READER: DeviceState(), Device.SCANNER: DeviceState()}
LANGUAGES = get_args(get_type_hints(KioskSection)["language"])
AROUND = Surroundings(ListStatus(NOON, NOON + timedelta(days=1), 7), TODAY, now=100.0)
VERDICTS: list[Verdict] = [
    Insured(RECORD, REGISTER, (), ()),
    *(NotInsured(reason, RECORD, REGISTER, (), ()) for reason in NotInsuredReason),
    *(CouldNotCheck(reason, RECORD, REGISTER) for reason in CouldNotCheckReason),
]


def screen_of(state: State, audience: str = "public", around: Surroundings = AROUND) -> view.Screen:
    """The view of a state."""
    kiosk_section = KioskSection(id="0412", audience=audience, contact="000-00-00")  # type: ignore[arg-type]
    return present(Session(DEVICES, state=state), around, kiosk_section, RUSSIAN)


def showing(verdict: Verdict, policy: PresentedPolicy | None = POLICY) -> Showing:
    """A verdict on the screen, 6 of 20 seconds ago."""
    return Showing(1, "reader", verdict, policy, since=94.0, until=114.0)


def texts_of(value: object) -> list[str]:
    """Every text in a view, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts_of(item)]
    if hasattr(value, "__dataclass_fields__"):
        return [text for item in fields(value) for text in texts_of(getattr(value, item.name))]  # type: ignore[arg-type]
    return []


@pytest.mark.parametrize("audience", ["public", "registrar"])
@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: getattr(verdict, "reason", "ok"))
def test_every_verdict_has_a_frame_that_refuses_nobody(verdict: Verdict, audience: str) -> None:
    texts = texts_of(screen_of(showing(verdict), audience))
    assert RUSSIAN.text(f"next.{verdict.next_step}") in texts
    words = " ".join(texts).lower()
    for forbidden in ("отказ", "умер", "смерт"):
        assert forbidden not in words


PRIVATE = ["ПЕТРОВ", "ИВАН", "СЕРГЕЕВИЧ", "05.03.1984", ENP, ENP[:4], "призыв", "служб", "780003"]


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: getattr(verdict, "reason", "ok"))
def test_the_public_sees_nothing_of_a_person(verdict: Verdict) -> None:
    words = " ".join(texts_of(screen_of(showing(verdict))))
    for secret in PRIVATE:
        assert secret.lower() not in words.lower()


def test_public_insured() -> None:
    screen = screen_of(showing(VERDICTS[0]))
    assert screen == view.Result(
        screen.footer,
        view.Family.INSURED,
        "Полис действует",
        "Номер оканчивается на 0123",
        "Пройдите к регистратуре",
        "Заберите карту",
        "По реестру на 22.11.2026",
        view.Countdown(14, 20),
    )


@pytest.mark.parametrize("reason", NotInsuredReason)
def test_emergency_care_stands_beside_every_negative_answer(reason: NotInsuredReason) -> None:
    screen = screen_of(showing(NotInsured(reason, RECORD, REGISTER, (), ())))
    assert isinstance(screen, view.Result)
    assert screen.hint == "Экстренная помощь оказывается всем, без полиса"


def test_the_public_is_told_that_the_register_knows_better() -> None:
    verdict = Insured(RECORD, REGISTER, (Note.INSURER_CHANGED, Note.LIST_AGEING), ())
    screen = screen_of(showing(verdict))
    assert isinstance(screen, view.Result)
    assert screen.detail == "Номер оканчивается на 0123. Страховая компания сменилась"


@pytest.mark.parametrize(
    ("freshness", "lately"), [(Freshness.FRESH, True), (Freshness.STALE, False)]
)
def test_the_date_of_an_old_list_is_marked(freshness: Freshness, lately: bool) -> None:
    known = replace(REGISTER, freshness=freshness)
    screen = screen_of(showing(CouldNotCheck(CouldNotCheckReason.NOT_IN_LIST, None, known)))
    assert isinstance(screen, view.Result)
    assert screen.known_lately is lately


def test_the_registrar_hears_the_true_reason() -> None:
    verdict = NotInsured(NotInsuredReason.RIGHT_ENDED, RECORD, REGISTER, (), ())
    for audience, headline in (
        ("public", "Срок действия полиса истёк"),
        ("registrar", "Право на ОМС прекращено"),
    ):
        screen = screen_of(showing(verdict), audience)
        assert isinstance(screen, view.Result | view.RegistrarResult)
        assert screen.headline == headline


FACE = view.Raster(1, 1, b"rgb")


@pytest.mark.parametrize(
    ("stored", "ready", "shown", "caption"),
    [
        (None, None, None, "Фото на документе нет: сверьте по паспорту"),
        (b"jpeg", None, None, "Сравните с предъявителем"),
        (b"jpeg", PhotoReady(1, FACE), FACE, "Сравните с предъявителем"),
        (b"zip", PhotoReady(1, None), None, "Фото не показать: сверьте по паспорту"),
        # Of whoever was here before.
        (b"jpeg", PhotoReady(0, FACE), None, "Сравните с предъявителем"),
    ],
)
def test_a_photo_joins_its_own_answer(
    stored: bytes | None, ready: PhotoReady | None, shown: view.Raster | None, caption: str
) -> None:
    photo = None if stored is None else Photo("image/jpeg", stored)
    state = showing(VERDICTS[0], replace(POLICY, photo=photo))
    screen = screen_of(state, "registrar", replace(AROUND, photo=ready))
    assert isinstance(screen, view.RegistrarResult)
    assert (screen.photo, screen.photo_caption) == (shown, caption)
    assert screen.photo_expected is (stored is not None)
    assert screen_of(state) == screen_of(state, around=replace(AROUND, photo=ready))


def test_a_code_without_a_name_asks_for_the_passport() -> None:
    verdict = Insured(RECORD, REGISTER, (Note.PERSON_NOT_COMPARED,), ())
    screen = screen_of(replace(showing(verdict), reader=None))
    assert isinstance(screen, view.Result)
    assert screen.hint == "Приготовьте паспорт"


def test_registrar_sees_what_must_be_compared() -> None:
    policy = replace(
        POLICY,
        photo=Photo("image/jpeg", b"\xff\xd8\xff"),
        citizenship=Citizenship("UZB", "УЗБЕКИСТАН"),
    )
    checks = (Check("person", Outcome.PASS), Check("clock", Outcome.PASS))
    verdict = Insured(replace(RECORD, insurer=OTHER_SMO), REGISTER, (Note.INSURER_CHANGED,), checks)
    screen = screen_of(showing(verdict, policy), "registrar")
    assert isinstance(screen, view.RegistrarResult)
    assert (screen.surname, screen.names) == ("ПЕТРОВ", "ИВАН СЕРГЕЕВИЧ")
    assert screen.how_known == "По реестру № 7 на 22.11.2026"
    assert [(fact.label, fact.value) for fact in screen.facts] == [
        ("Дата рождения", "05.03.1984, м"),
        ("ЕНП", "7856 5108 4400 0123"),
        ("Гражданство", "УЗБЕКИСТАН"),
    ]
    insurer, territory, valid, clinic, status = screen.comparisons
    assert (insurer.document, insurer.register) == ("1997800000010", "1997700000010")
    assert (territory.document, territory.register) == ("Санкт-Петербург", "Москва")
    assert insurer.differs
    assert territory.differs
    assert not valid.differs
    assert (valid.document, valid.register) == ("с 01.01.2015", "с 01.01.2015")
    assert (clinic.register, status.register) == ("МО 780003", "ДПП: действует")
    assert screen.notes == ("Страховая компания сменилась. Возьмите данные реестра",)
    # Checks that only matter when they fail are silent when they pass.
    assert [check.text for check in screen.checks] == ["Лицо совпадает с записью"]


def test_registrar_sees_the_fund_beside_the_register() -> None:
    listed = replace(RECORD, status=Status.CONSCRIPTED, clinic="780017")
    fund = replace(RECORD, main_enp="7856510844000131")
    checks = (Check("online", Outcome.PASS),)
    verdict = Insured(fund, ONLINE, (Note.STATE_REVERSED,), checks, listed)
    screen = screen_of(showing(verdict, POLICY), "registrar")
    assert isinstance(screen, view.RegistrarResult)
    assert (screen.register_title, screen.fund_title) == ("В реестре", "Ответ фонда")
    assert screen.how_known == f"Ответ фонда, {NOON.astimezone():%H:%M}"
    assert ("Главный номер полиса", "7856 5108 4400 0131") in [
        (fact.label, fact.value) for fact in screen.facts
    ]
    clinic, status = screen.comparisons[-2:]
    assert (clinic.register, clinic.fund, clinic.differs) == ("МО 780017", "МО 780003", True)
    assert status.register.startswith("НВС")
    assert status.fund == "ДПП: действует"
    assert status.differs
    assert screen.notes == (
        "В списке другое состояние, чем в фонде. Верьте ответу фонда: он новее",
    )


def test_who_carries_no_policy_is_named_by_the_fund() -> None:
    typed = PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, identity_document="4012 № 100001")
    named = replace(RECORD, full_name="ПЕТРОВ ИВАН СЕРГЕЕВИЧ", person_matches=None)
    screen = screen_of(showing(Insured(named, ONLINE, (), ()), typed), "registrar")
    assert isinstance(screen, view.RegistrarResult)
    assert (screen.surname, screen.names) == ("ПЕТРОВ", "ИВАН СЕРГЕЕВИЧ")
    public = screen_of(showing(Insured(named, ONLINE, (), ()), typed))
    assert not any("ПЕТРОВ" in text for text in texts_of(public))


def test_an_answer_of_the_fund_alone_has_one_column() -> None:
    screen = screen_of(showing(Insured(RECORD, ONLINE, (), ()), POLICY), "registrar")
    assert isinstance(screen, view.RegistrarResult)
    assert (screen.register_title, screen.fund_title) == ("Ответ фонда", "")
    assert {one.fund for one in screen.comparisons} == {""}
    assert screen.comparisons[-1].register == "ДПП: действует"


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (FundMode.NONE, "Автономно"),
        (FundMode.UNKNOWN, "Фонд: проверяем связь"),
        (FundMode.ONLINE, "Фонд на связи"),
        (FundMode.OFFLINE, "Фонд не отвечает"),
    ],
)
def test_the_footer_says_whether_the_fund_can_be_asked(mode: FundMode, text: str) -> None:
    around = replace(AROUND, fund=mode)
    assert screen_of(Waiting(), around=around).footer.network_text == text


@pytest.mark.parametrize(
    ("reader", "text"), [("r", "Не вынимайте карту"), (None, "Это займёт несколько секунд")]
)
def test_asking_shows_the_deadline_running(reader: str | None, text: str) -> None:
    screens = [
        screen_of(Checking(1, reader, 110.0, Span(since, since + 3.0)), around=AROUND)
        for since in (100.0, 98.5, 97.0, 90.0)
    ]
    shown = [screen for screen in screens if isinstance(screen, view.Busy)]
    assert [screen.progress for screen in shown] == [0.0, 0.5, 1.0, 1.0]
    assert {screen.title for screen in shown} == {"Проверяем в фонде"}
    assert {screen.text for screen in shown} == {text}
    assert {screen.footer.network_text for screen in shown} == {"Спрашиваем фонд"}


def look(hours: int, last: str = "0123") -> Answered:
    at = NOON - timedelta(hours=hours)
    return Answered(1, at - timedelta(minutes=9), at, "not_in_list", "insured", last)


@pytest.mark.parametrize(
    ("looks", "audience", "expected"),
    [
        pytest.param((look(1),), "registrar", "Полис …0123", id="told"),
        pytest.param((look(1, ""),), "registrar", "Запрос в", id="without-a-number"),
        pytest.param((look(1),), "public", None, id="not-to-the-public"),
        pytest.param((look(9),), "registrar", None, id="of-the-shift-before"),
        pytest.param((), "registrar", None, id="none"),
    ],
)
def test_the_registrar_is_told_what_a_second_look_found(
    looks: tuple[Answered, ...], audience: str, expected: str | None
) -> None:
    screen = screen_of(Waiting(), audience, around=replace(AROUND, looks=looks))
    assert isinstance(screen, view.Idle)
    assert screen.tip.startswith("Фонд ответил позже. ") == (expected is not None)
    if expected is not None:
        assert expected in screen.tip
        assert "было «Не удалось проверить полис», теперь «Полис действует»" in screen.tip


@pytest.mark.parametrize("audience", ["public", "registrar"])
@pytest.mark.parametrize("stage", StickStage)
def test_a_stick_is_told_before_anything_else(stage: StickStage, audience: str) -> None:
    around = replace(AROUND, stick=StickState(stage, 40), looks=(look(1),))
    screen = screen_of(Waiting(), audience, around=around)
    assert isinstance(screen, view.Idle)
    assert screen.tip == RUSSIAN.text(f"stick.{stage}", percent="40")


@pytest.mark.parametrize(
    ("age", "trusted", "expected"),
    [
        pytest.param(timedelta(hours=1), True, view.ListState.FRESH, id="fresh"),
        pytest.param(timedelta(hours=25), True, view.ListState.AGEING, id="ageing"),
        pytest.param(timedelta(days=4), True, view.ListState.AGEING, id="stale"),
        pytest.param(timedelta(days=15), True, view.ListState.TOO_OLD, id="too-old"),
    ],
)
def test_the_footer_tells_the_age_of_the_list(
    age: timedelta, trusted: bool, expected: view.ListState
) -> None:
    moment = replace(TODAY, trusted=trusted)
    screen = screen_of(
        Waiting(), around=Surroundings(ListStatus(NOON - age, None, 7), moment, 100.0)
    )
    assert screen.footer.list_state is expected
    assert f"{NOON - age:%d.%m.%Y}" in screen.footer.list_text


@pytest.mark.parametrize(("damaged", "text"), [(False, "не загружен"), (True, "повреждён")])
def test_the_footer_says_that_there_is_no_list(damaged: bool, text: str) -> None:
    screen = screen_of(Waiting(), around=replace(AROUND, list_status=ListStatus(damaged=damaged)))
    assert screen.footer.list_state is view.ListState.TOO_OLD
    assert text in screen.footer.list_text


def test_a_wrong_clock_is_not_shown_as_the_time() -> None:
    screen = screen_of(Waiting(), around=replace(AROUND, moment=replace(TODAY, trusted=False)))
    assert screen.footer.time_text == "часы неверны"


@pytest.mark.parametrize(
    ("state", "title", "progress"),
    [
        pytest.param(Reading("r", 102.8, 106.0), "Карта читается", None, id="reading-unknown"),
        pytest.param(
            Reading("r", 102.8, 106.0, 128, 256), "Карта читается", 0.5, id="reading-half"
        ),
        pytest.param(Checking(1, "r", 104.0), "Карта читается", 1.0, id="checking-card"),
        pytest.param(Checking(1, None, 104.0), "Код читается", None, id="checking-code"),
        pytest.param(Receiving(105.0, Waiting()), "Код читается", None, id="receiving"),
    ],
)
def test_busy_frames_show_honest_progress(state: State, title: str, progress: float | None) -> None:
    screen = screen_of(state)
    assert isinstance(screen, view.Busy)
    assert (screen.title, screen.progress) == (title, progress)


def test_idle_names_the_way_that_does_not_work() -> None:
    lost = {**DEVICES, Device.READER: DeviceState(90.0, "no-reader")}
    screen = present(Session(lost), AROUND, KioskSection(), RUSSIAN)
    assert isinstance(screen, view.Idle)
    assert [way.available for way in screen.invitations] == [False, True]
    assert "Вставьте карту" not in screen.text


def test_idle_of_a_kiosk_without_a_scanner_does_not_mention_codes() -> None:
    screen = present(Session({Device.READER: DeviceState()}), AROUND, KioskSection(), RUSSIAN)
    assert isinstance(screen, view.Idle)
    assert len(screen.invitations) == 1
    assert "код" not in screen.text.lower()


def test_out_of_service_says_since_when_and_whom_to_call() -> None:
    lost = {
        Device.READER: DeviceState(40.0, "no-service"),
        Device.SCANNER: DeviceState(10.0, "unplugged"),
    }
    since = TODAY.local - timedelta(hours=2)
    around = replace(AROUND, stopped=since)
    screen = present(Session(lost), around, KioskSection(contact="8-800-000-00-00"), RUSSIAN)
    assert isinstance(screen, view.OutOfService)
    assert screen.since == f"Не работает с {since:%H:%M}"
    assert screen.code == "Код: reader:no-service scanner:unplugged"
    assert screen.contact == "Технику: 8-800-000-00-00"


INSURER = Insurer(
    "78001", "СМО Пример", "ООО «СМО Пример»", "1997800000010", "40000",
    phone="8 800 000-00-01", email="help@example.org", licence="ОС 0001",
    valid_from=date(2011, 1, 1),
)  # fmt: skip
REFERENCE = ReferenceData(
    all_insurers=(INSURER,),
    territories=(Territory("78", "40000", "г. Санкт-Петербург"),),
    hotlines=(
        Hotline(None, None, "Контакт-центр фонда", "8 800 000-00-00"),
        Hotline("78", INSURER.ogrn, "СМО Пример", INSURER.phone),
    ),
    clinics=(Clinic("780003", "Поликлиника № 3"),),
)
INFORMED = replace(AROUND, reference=REFERENCE)


def ended(reason: NotInsuredReason) -> Verdict:
    return NotInsured(reason, RECORD, REGISTER, (), ())


@pytest.mark.parametrize(
    ("verdict", "contact"),
    [
        (ended(NotInsuredReason.EXPIRED), "СМО Пример: 8 800 000-00-01"),
        (ended(NotInsuredReason.SUSPENDED), "Контакт-центр фонда: 8 800 000-00-00"),
        (Insured(RECORD, REGISTER, (), ()), ""),
    ],
)
def test_the_patient_gets_the_hotline_that_fits_the_reason(verdict: Verdict, contact: str) -> None:
    screen = screen_of(showing(verdict), around=INFORMED)
    assert isinstance(screen, view.Result)
    assert screen.contact == contact


def test_what_cannot_be_read_is_shown_by_a_picture_until_it_goes() -> None:
    for reason, drawing in (
        (CouldNotCheckReason.UNREADABLE_CODE, view.Drawing.CODE_TO_WINDOW),
        (CouldNotCheckReason.UNREADABLE_CARD, view.Drawing.CARD_INTO_SLOT),
    ):
        screen = screen_of(replace(showing(CouldNotCheck(reason)), policy=None))
        assert isinstance(screen, view.Guide)
        assert (screen.drawing, screen.button) == (drawing, "")
        assert screen.countdown == view.Countdown(14, 20)


def test_who_only_has_to_scan_again_gets_no_hotline() -> None:
    verdict = CouldNotCheck(CouldNotCheckReason.NO_NUMBER)
    screen = screen_of(replace(showing(verdict), policy=None), around=INFORMED)
    assert isinstance(screen, view.Result)
    assert screen.contact == ""


def test_the_registrar_reads_names_instead_of_codes() -> None:
    screen = screen_of(showing(Insured(RECORD, REGISTER, (), ())), "registrar", INFORMED)
    assert isinstance(screen, view.RegistrarResult)
    insurer, territory, _, clinic, _ = screen.comparisons
    assert (insurer.document, insurer.register, insurer.same) == (*["СМО Пример"] * 2, True)
    assert territory.register == "г. Санкт-Петербург"
    assert clinic.register == "Поликлиника № 3"
    assert screen.insurer_lines == (
        "СМО Пример, код 78001",
        "8 800 000-00-01, help@example.org",
        "Лицензия ОС 0001, с 01.01.2011",
    )


def test_a_document_shown_again_says_so_to_everybody() -> None:
    again = replace(showing(VERDICTS[0]), repeated=True)
    said = RUSSIAN.text("result.repeated")
    unreadable = replace(showing(CouldNotCheck(CouldNotCheckReason.UNREADABLE_CODE)), repeated=True)
    for state, audience in ((again, "public"), (again, "registrar"), (unreadable, "public")):
        assert said in texts_of(screen_of(state, audience))


def test_hostile_names_change_nothing_but_themselves() -> None:
    hostile = replace(
        POLICY, surname="\u202eВОРТЕП", given_name="А\x00\u0301\u0301" * 40, patronymic="Я" * 200
    )
    screen = screen_of(showing(VERDICTS[0], hostile), "registrar")
    assert isinstance(screen, view.RegistrarResult)
    assert screen.surname == "ВОРТЕП"
    assert len(screen.names) <= 100
    assert screen.names.isprintable()
