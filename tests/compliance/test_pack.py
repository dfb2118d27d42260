"""Packs: what ships is whole and says the same in both languages; what is wrong with one is told, and where."""

from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from compliance import pack
from compliance.pack import ENGINE_GROUNDS, HOUR_MS, AtEnd, Licence, Pack, PackError, Stage, load, parse, shipped
from compliance.verdicts import OnError
from protocol import limits
from protocol.account_states import NewsRight
from protocol.publications import OF_ACCOUNTS, Surface

SEVEN = (
    "laws",
    "socialist_system",
    "national_interest",
    "citizens_rights",
    "public_order",
    "social_morality",
    "truthfulness",
)
ENCOURAGED = ("organ", "enterprise", "institution", "peoples_organisation")  # Art. 7 ¶4, in its order.
CHECKED = ("truthfulness", "link", "too_long", "spam")  # What the built-in checks decide on, unless told otherwise.


def source(name: str) -> str:
    return files("compliance").joinpath("packs", f"{name}.toml").read_text(encoding="utf-8")


def complaint(text: str) -> str:
    with pytest.raises(PackError) as caught:
        parse(text, "here.toml")
    return str(caught.value)


@pytest.fixture(scope="module", params=shipped())
def every(request: pytest.FixtureRequest) -> Pack:
    return load(request.param)


@pytest.fixture(scope="module")
def cn() -> Pack:
    return load("cn-2014")


# What ships.


def test_two_packs_ship() -> None:
    assert shipped() == ("cn-2014", "open")


def test_a_shipped_pack_has_the_name_of_its_file() -> None:
    assert [load(name).name for name in shipped()] == list(shipped())


def test_every_text_of_a_shipped_pack_is_in_english_and_in_chinese(every: Pack) -> None:
    texts = [every.titles, every.appeal, *every.categories.values(), *(each.titles for each in every.grounds.values())]
    texts += [body.titles for body in every.bodies.values()]
    if every.agreement:
        texts += [every.agreement.texts, *(line.titles for line in every.agreement.lines)]
    assert [set(by_language) for by_language in texts] == [{"en", "zh"}] * len(texts)


def test_what_the_built_in_checks_decide_on_is_in_every_pack(every: Pack) -> None:
    assert set(CHECKED) <= every.grounds.keys()


def test_every_code_fits_the_wire(every: Pack) -> None:
    codes = [*every.grounds, *every.categories, *every.bodies]
    assert max(map(len, codes)) <= limits.CATEGORY_CHARS


def test_both_packs_hold_for_72_hours_or_24_and_then_release(every: Pack) -> None:
    assert (every.holds.review_h, every.holds.failure_h, every.holds.at_end) == (72, 24, AtEnd.RELEASE)
    assert every.holds.per_author == 20


def test_what_is_said_in_conversation_is_rejected_for_a_failure_and_everything_else_held(every: Pack) -> None:
    rejecting = {surface for surface, rules in every.surfaces.items() if rules.on_error is OnError.REJECT}
    assert rejecting == {Surface.GROUP_MESSAGE, Surface.COMMENT}
    assert {rules.on_error for rules in every.surfaces.values()} == {OnError.REJECT, OnError.HOLD}


def test_the_house_rules_ask_for_hooks_only_and_of_public_accounts_that_they_are_active() -> None:
    house = load("open")
    for surface, rules in house.surfaces.items():
        assert rules.stages == ((Stage.ACCOUNT, Stage.HOOKS) if surface in OF_ACCOUNTS else (Stage.HOOKS,))
    assert (house.agreement, house.licence, house.news) == (None, None, None)


@pytest.mark.parametrize("surface", Surface)
def test_both_packs_ask_of_public_accounts_and_of_nothing_else_that_they_are_active(
    every: Pack, surface: Surface
) -> None:
    assert every.asks(surface, Stage.ACCOUNT) is (surface in OF_ACCOUNTS)


def test_both_packs_let_a_subscription_account_broadcast_daily_and_a_service_account_four_times_a_month(
    every: Pack,
) -> None:
    assert (every.accounts.subscription_daily, every.accounts.service_monthly) == (1, 4)


def test_the_provisions_ask_for_the_news_right_in_articles_only(cn: Pack) -> None:
    asking = {surface for surface in Surface if cn.asks(surface, Stage.NEWS_RIGHT)}
    assert asking == {Surface.ARTICLE, Surface.BROADCAST, Surface.REPRINT}
    assert cn.news
    assert cn.news.category in cn.categories


def test_the_bodies_that_article_7_encourages_are_decided_sooner(cn: Pack) -> None:
    assert all(cn.bodies[code].encouraged for code in ENCOURAGED)
    assert not any(cn.bodies[code].encouraged for code in ("person", "other_organisation"))
    assert cn.accounts.encouraged_h < cn.accounts.review_h


def test_the_right_to_news_is_that_of_article_7(cn: Pack) -> None:
    having = {code: body.news for code, body in cn.bodies.items() if body.news is not NewsRight.NONE}
    assert having == {
        "news_organisation": NewsRight.PUBLISH,
        "news_site": NewsRight.PUBLISH,
        "licensed_organisation": NewsRight.REPRINT,
    }


@pytest.mark.parametrize("surface", Surface)
def test_the_provisions_ask_for_licence_and_agreement_but_not_for_cards_and_listings(
    cn: Pack, surface: Surface
) -> None:
    said_to_the_public = surface not in {Surface.CARD, Surface.GROUP_LISTING}
    assert cn.asks(surface, Stage.LICENCE) is said_to_the_public
    assert cn.asks(surface, Stage.AGREEMENT) is said_to_the_public
    assert cn.asks(surface, Stage.HOOKS)


def test_the_agreement_has_the_seven_bottom_lines_in_the_order_of_the_article(cn: Pack) -> None:
    assert cn.agreement
    assert tuple(line.code for line in cn.agreement.lines) == SEVEN


def test_each_bottom_line_is_a_ground_and_names_its_number_in_the_agreement(cn: Pack) -> None:
    assert cn.agreement
    for number, code in enumerate(SEVEN, start=1):
        assert cn.grounds[code].bottom_line == code
        assert cn.grounds[code].clause == f"Art. 6 ¶2, agreement §3.{number}"


def test_every_section_that_a_ground_cites_is_in_the_agreement(cn: Pack) -> None:
    assert cn.agreement
    english = cn.agreement.texts["en"]
    cited = {ground.clause.split("agreement §")[1] for ground in cn.grounds.values() if "agreement §" in ground.clause}
    assert len(cited) >= len(SEVEN) + 1
    for section in cited:
        assert f"\n{section} " in english or f"\n§{section} " in english


def test_the_agreement_has_as_many_sections_and_items_in_both_languages(cn: Pack) -> None:
    assert cn.agreement
    english, chinese = (cn.agreement.texts[language].splitlines() for language in ("en", "zh"))
    assert sum(line.startswith("§") for line in english) == sum(line.startswith("第") for line in chinese) == 8
    items = sum(line[:1].isdigit() for line in english)
    assert items == sum(line.startswith("（") for line in chinese) == len(SEVEN) + 6


def test_a_changed_word_of_the_agreement_is_another_agreement(cn: Pack) -> None:
    changed = parse(source("cn-2014").replace("you do not defame", "you never defame"), "changed")
    assert cn.agreement
    assert changed.agreement
    assert len(cn.agreement.digest) == 32
    assert changed.agreement.digest != cn.agreement.digest


def test_a_pack_has_one_digest_and_a_changed_one_another() -> None:
    assert parse(source("open"), "a").digest == parse(source("open"), "b").digest
    assert parse(source("open").replace("per_author = 20", "per_author = 21"), "a").digest != load("open").digest


# Where packs come from.


def test_a_pack_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(source("open").replace('name = "open"', 'name = "my-house"'), encoding="utf-8")
    assert load(str(path)).name == "my-house"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cn-2015", "there is no pack 'cn-2015'; there are cn-2014, open, or a file NAME.toml"),
        ("../packs/open", "there is no pack '../packs/open'"),
        ("nowhere/mine.toml", "nowhere/mine.toml: cannot be read: No such file or directory"),
    ],
)
def test_a_pack_that_is_not_there_is_an_error_that_says_what_there_is(name: str, said: str) -> None:
    with pytest.raises(PackError) as caught:
        load(name)
    assert said in str(caught.value)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"name = \xff")
    with pytest.raises(PackError, match=r"mine\.toml: is not UTF-8 at byte 7"):
        load(str(path))


# What is wrong with one.


def without(start: str, end: str) -> Callable[[str], str]:
    """Cut from the line that is `start` up to the next one that is `end`."""

    def cut(text: str) -> str:
        before, _, rest = text.partition(f"\n{start}\n")
        return before + "\n" + rest[rest.index(f"\n{end}") :]

    return cut


def instead(found: str, other: str) -> Callable[[str], str]:
    return lambda text: text.replace(found, other, 1)


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("open", lambda text: text + "]", "here.toml: is not TOML: "),
        ("open", lambda text: "colour = 'red'\n" + text, "unknown field `colour`"),
        ("open", lambda text: text + "\n[grounds.rude]\nclause = 'x'\n", "grounds.rude: Object missing required field"),
        (
            "open",
            lambda text: text + "\n[grounds.Rude]\nclause = 'x'\ntitles = { en = 'x' }\n",
            "grounds.Rude: Expected `str` matching regex",
        ),
        ("open", instead('name = "open"', 'name = "Open House"'), "Expected `str` matching regex"),
        ("open", instead('name = "open"', 'name = "open\\n"'), "Expected `str` matching regex"),
        ("open", instead('clause = "House rules §2"', 'clause = " "'), "grounds.truthfulness: Expected `str` matching"),
        ("open", instead('en = "News"', 'en = ""'), "categories.news: Expected `str` of length >= 1"),
        ("open", instead('en = "News"', '"e n" = "News"'), "categories.news: Expected `str` matching regex"),
        ("open", instead('on_error = "hold"', 'on_error = "shrug"'), "surfaces.group_name: Invalid enum value 'shrug'"),
        ("open", instead("[surfaces.card]", "[surfaces.wall]"), "surfaces.wall: Invalid enum value 'wall'"),
        ("open", instead("review_h = 72", "review_h = nan"), "$.holds.review_h"),
        ("open", instead("review_h = 72", "review_h = 0"), "$.holds.review_h"),
        ("open", instead("per_author = 20", "per_author = 0"), "$.holds.per_author"),
        (
            "open",
            instead('at_end = "release"', 'at_end = "forget"'),
            "Invalid enum value 'forget' - at `$.holds.at_end`",
        ),
        ("open", lambda text: "categories = 3\n" + text.split("[categories]")[0], "Expected `object`, got `int`"),
        ("open", without("[surfaces.card]", "["), "surfaces.card: missing"),
        ("open", without("[grounds.overdue]", "["), "grounds.overdue: missing"),
        ("open", instead('on_error = "hold"', 'on_error = "allow"'), "surfaces.group_name: on_error cannot be allow"),
        (
            "open",
            instead('stages = ["hooks"]', 'stages = ["hooks", "hooks"]'),
            "surfaces.group_message: stages come in the order licence, agreement, account, news_right, hooks",
        ),
        (
            "cn-2014",
            instead('["licence", "agreement", "hooks"]', '["agreement", "licence", "hooks"]'),
            "surfaces.group_message: stages come in the order",
        ),
        ("open", instead('stages = ["hooks"]', "stages = []"), "surfaces.group_message: hooks are a stage of every"),
        (
            "open",
            instead('stages = ["hooks"]', 'stages = ["licence", "agreement", "hooks"]'),
            "asks for the licence, but there is no [licence]; surfaces.group_message: asks for the agreement,",
        ),
        ("open", lambda text: text + "\n[licence]\nclause = 'x'\nkinds = ['x']\n", "licence: no surface asks for it"),
        (
            "cn-2014",
            lambda text: text.replace('"agreement", ', ""),
            "agreement: no surface asks for it",
        ),
        (
            "open",
            lambda text: text.replace('["account", "hooks"]', '["account", "news_right", "hooks"]'),
            "surfaces.article: asks for the news_right, but there is no [news]",
        ),
        ("cn-2014", lambda text: text.replace('"news_right", ', ""), "news: no surface asks for it"),
        (
            "cn-2014",
            instead('category = "current_affairs"', 'category = "gossip"'),
            "news.category: gossip is none of the categories",
        ),
        ("cn-2014", instead('label = "current_affairs"', 'label = "Current affairs"'), "regex"),
        ("cn-2014", instead('label = "current_affairs"', 'label = "current_affairs\\n"'), "regex"),
        ("cn-2014", instead('clause = "Art. 7 ¶2"\ncategory', 'clause = " "\ncategory'), "$.news.clause"),
        (
            "open",
            instead("[bodies.organisation]", '[bodies.organisation]\nnews = "publish"'),
            "bodies.organisation: has a right to news, but there is no [news]",
        ),
        (
            "open",
            instead("[bodies.organisation]", '[bodies.organisation]\nnews = "sell"'),
            "bodies.organisation: Invalid enum value 'sell'",
        ),
        (
            "open",
            instead("[bodies.person]", "[bodies.person]\nage = 18"),
            "bodies.person: Object contains unknown field",
        ),
        ("open", instead("[bodies.person]", "[bodies.Person]"), "bodies.Person: Expected `str` matching regex"),
        (
            "open",
            instead('{ en = "A person"', '{ fr = "Une personne"'),
            "bodies.person.titles: English (en) is missing",
        ),
        (
            "open",
            lambda text: "bodies = {}\n" + without("[bodies.person]", "# The codes")(text),
            "bodies: there is none, so nobody could apply for an account",
        ),
        ("open", without("[accounts]", "[bodies.person]"), "missing required field `accounts`"),
        ("open", instead("subscription_daily = 1", "subscription_daily = 0"), "$.accounts.subscription_daily"),
        ("open", instead("service_monthly = 4", "service_monthly = 0.5"), "$.accounts.service_monthly"),
        ("open", instead("encouraged_h = 72", "encouraged_h = 0"), "$.accounts.encouraged_h"),
        ("open", instead("encouraged_h = 72", "encouraged_h = 73"), "accounts: encouraged_h is longer than review_h"),
        ("open", instead("service_monthly = 4", "service_monthly = 4\nservice_weekly = 1"), "unknown field"),
        (
            "open",
            instead('["account", "hooks"]', '["hooks"]'),
            "surfaces.article: account is a stage of every surface of a public account",
        ),
        (
            "open",
            instead('stages = ["hooks"]', 'stages = ["account", "hooks"]'),
            "surfaces.group_message: account and news_right are asked of public accounts only",
        ),
        (
            "cn-2014",
            instead('["licence", "agreement", "hooks"]', '["licence", "agreement", "news_right", "hooks"]'),
            "surfaces.group_message: account and news_right are asked of public accounts only",
        ),
        ("cn-2014", instead('code = "public_order"', 'code = "laws"'), "agreement.lines: laws stands there twice"),
        (
            "cn-2014",
            instead('bottom_line = "laws"', 'bottom_line = "lawns"'),
            "grounds.laws: lawns is no line of the agreement",
        ),
        (
            "open",
            instead('clause = "House rules §1"', 'clause = "x"\nbottom_line = "laws"'),
            "grounds.house_rules: laws is no line of the agreement",
        ),
        ("open", instead('{ en = "House rules", zh', '{ fr = "Règles", zh'), "titles: English (en) is missing"),
        ("open", instead('\nen = """What', '\nfr = """What'), "appeal: English (en) is missing"),
        ("open", instead('{ en = "News"', '{ fr = "News"'), "categories.news: English (en) is missing"),
        (
            "open",
            instead('{ en = "Untrue information"', '{ fr = "Faux"'),
            "grounds.truthfulness.titles: English (en) is missing",
        ),
        (
            "cn-2014",
            instead('\nen = """\nAgreement on', '\nfr = """\nAgreement on'),
            "agreement.texts: English (en) is missing",
        ),
        (
            "cn-2014",
            instead('{ en = "Public order"', '{ fr = "Public order"'),
            "agreement.lines.public_order.titles: English (en) is missing",
        ),
    ],
)
def test_what_is_wrong_with_a_pack_is_told_with_its_place(name: str, spoil: Callable[[str], str], said: str) -> None:
    spoilt = spoil(source(name))
    assert spoilt != source(name)
    found = complaint(spoilt)
    assert found.startswith("here.toml: ")
    assert said in found


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = source("open").replace("[surfaces.card]", "[surfaces.wall]").replace('en = "News"', 'en = ""')
    assert "surfaces.wall: " in complaint(text)
    assert "categories.news: " in complaint(text)


@pytest.mark.parametrize("ground", ENGINE_GROUNDS)
def test_no_pack_goes_without_a_ground_that_the_engine_decides_on(ground: str) -> None:
    assert f"grounds.{ground}: missing" in complaint(without(f"[grounds.{ground}]", "[")(source("open")))


# The provider's licence.

DAY_MS = 24 * HOUR_MS
JAN_1_2027 = 1_798_761_600_000


def licence() -> Licence:
    return Licence(
        number="1",
        kind="internet_news_information_service",
        issuer="the authority",
        valid_from=date(2027, 1, 1),
        valid_until=date(2027, 1, 2),
    )


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        (JAN_1_2027 - 1, False),
        (JAN_1_2027, True),
        (JAN_1_2027 + 2 * DAY_MS - 1, True),
        (JAN_1_2027 + 2 * DAY_MS, False),
    ],
)
def test_a_licence_counts_from_its_first_millisecond_through_its_last(at: int, valid: bool) -> None:
    assert licence().in_force(at) is valid


def test_packs_are_part_of_the_package() -> None:
    assert files(pack.__package__).joinpath("packs", "cn-2014.toml").is_file()
