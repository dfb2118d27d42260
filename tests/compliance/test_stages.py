"""The stages before the hooks: the provider's licence, the author's agreement, and only what the pack asks."""

import dataclasses
from datetime import date

import msgspec
import pytest

from compliance.pack import Licence, Pack, Stage, load
from compliance.rights import AccountFacts
from compliance.stages import Facts, closed, stopped_at
from protocol.account_states import AccountState, NewsRight
from protocol.errors import ErrorCode
from protocol.publications import ARTICLES, OF_ACCOUNTS, Surface

AT = 1_798_761_600_000  # 2027-01-01T00:00Z.
KIND = "internet_news_information_service"
IN_A_GROUP = Surface.GROUP_MESSAGE
NEWS = "current_affairs"


@pytest.fixture(scope="module")
def cn() -> Pack:
    return load("cn-2014")


def licence(kind: str = KIND, *, first: int = 2020, last: int = 2030) -> Licence:
    return Licence(
        number="1", kind=kind, issuer="an authority", valid_from=date(first, 1, 1), valid_until=date(last, 1, 1)
    )


def signed(pack: Pack) -> bytes:
    assert pack.agreement
    return pack.agreement.digest


def account(
    state: AccountState = AccountState.ACTIVE, news: NewsRight = NewsRight.NONE, *, approved: bool = False
) -> AccountFacts:
    return AccountFacts(state=state, news=news, approved=approved)


def entitled(pack: Pack, of: AccountFacts | None, category: str = "") -> Facts:
    """Facts of an author whom nothing stops but perhaps the account they publish for."""
    return Facts(licence=licence(), signed=signed(pack), agreement=signed(pack), account=of, category=category)


def test_who_has_a_licence_a_signature_and_an_active_account_is_stopped_nowhere(cn: Pack) -> None:
    facts = entitled(cn, account())
    assert [stopped_at(cn, surface, facts, at=AT) for surface in Surface] == [None] * len(Surface)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (None, "the public side is closed: the provider states no licence (Art. 4)"),
        (licence("fishing"), "the public side is closed: a licence of another kind is needed (Art. 4)"),
        (licence(last=2026), "the public side is closed: the provider's licence is not in force (Art. 4)"),
        (licence(first=2028), "the public side is closed: the provider's licence is not in force (Art. 4)"),
    ],
)
def test_without_a_licence_in_force_a_publication_is_stopped_and_told_why(
    cn: Pack, stated: Licence | None, why: str
) -> None:
    stopped = stopped_at(cn, IN_A_GROUP, Facts(licence=stated, signed=signed(cn), agreement=signed(cn)), at=AT)
    assert stopped
    assert (stopped.stage, stopped.ground, stopped.code) == (Stage.LICENCE, "no_licence", ErrorCode.PUBLIC_CLOSED)
    assert stopped.text == why == closed(cn, stated, at=AT)


def test_with_a_licence_in_force_the_public_side_is_open(cn: Pack) -> None:
    assert closed(cn, licence(), at=AT) == ""


def test_who_signed_nothing_is_asked_to_sign(cn: Pack) -> None:
    stopped = stopped_at(cn, IN_A_GROUP, Facts(licence=licence(), signed=None, agreement=signed(cn)), at=AT)
    assert stopped
    assert (stopped.stage, stopped.ground) == (Stage.AGREEMENT, "no_agreement")
    assert (stopped.code, stopped.text) == (ErrorCode.NEEDS_AGREEMENT, "sign the agreement first")


def test_who_signed_an_earlier_text_is_asked_to_sign_again(cn: Pack) -> None:
    assert cn.agreement
    later = msgspec.structs.replace(cn, agreement=msgspec.structs.replace(cn.agreement, version="1.1"))
    stopped = stopped_at(later, IN_A_GROUP, Facts(licence=licence(), signed=signed(cn), agreement=signed(later)), at=AT)
    assert stopped
    assert (stopped.code, stopped.text) == (
        ErrorCode.NEEDS_AGREEMENT,
        "the agreement has changed: sign it again first",
    )


def test_the_licence_is_asked_before_the_agreement(cn: Pack) -> None:
    stopped = stopped_at(cn, IN_A_GROUP, Facts(licence=None, signed=None, agreement=signed(cn)), at=AT)
    assert stopped
    assert stopped.stage is Stage.LICENCE


@pytest.mark.parametrize("surface", [Surface.CARD, Surface.GROUP_LISTING])
def test_a_card_and_a_listing_need_neither(cn: Pack, surface: Surface) -> None:
    assert stopped_at(cn, surface, Facts(licence=None, signed=None, agreement=signed(cn)), at=AT) is None


# Public accounts (Art. 7).


@pytest.mark.parametrize("surface", OF_ACCOUNTS)
@pytest.mark.parametrize("state", [*AccountState, None])
@pytest.mark.parametrize("name", ["cn-2014", "open"])
def test_only_an_active_account_publishes_and_an_approved_one_its_profile(
    name: str, state: AccountState | None, surface: Surface
) -> None:
    pack = load(name)
    facts = Facts(licence=licence(), signed=None, agreement=None, account=account(state) if state else None)
    stopped = stopped_at(pack, surface, facts, at=AT)
    if state is AccountState.ACTIVE or (state is AccountState.APPROVED and surface is Surface.ACCOUNT_PROFILE):
        assert stopped is None
        return
    assert stopped
    assert (stopped.stage, stopped.ground, stopped.code) == (
        Stage.ACCOUNT,
        "account_not_active",
        ErrorCode.NOT_ALLOWED,
    )
    first = "the account is approved and not active yet: publish its profile first"
    none = "only an account that has been approved publishes"
    assert stopped.text == (first if state is AccountState.APPROVED else none)


def test_the_licence_and_the_agreement_are_asked_before_the_account(cn: Pack) -> None:
    facts = Facts(licence=None, signed=None, agreement=signed(cn), account=account(AccountState.DRAFT))
    stopped = stopped_at(cn, Surface.ARTICLE, facts, at=AT)
    assert stopped
    assert stopped.stage is Stage.LICENCE
    stopped = stopped_at(cn, Surface.ARTICLE, dataclasses.replace(facts, licence=licence()), at=AT)
    assert stopped
    assert stopped.stage is Stage.AGREEMENT


@pytest.mark.parametrize("surface", sorted(ARTICLES))
@pytest.mark.parametrize("news", NewsRight)
@pytest.mark.parametrize("approved", [False, True])
def test_current_affairs_need_the_right_to_publish_or_to_reprint_them(
    cn: Pack, surface: Surface, news: NewsRight, *, approved: bool
) -> None:
    stopped = stopped_at(cn, surface, entitled(cn, account(news=news, approved=approved), NEWS), at=AT)
    enough = {NewsRight.PUBLISH, NewsRight.REPRINT} if surface is Surface.REPRINT else {NewsRight.PUBLISH}
    if approved or news in enough:
        assert stopped is None
        return
    assert stopped
    assert (stopped.stage, stopped.ground, stopped.code) == (
        Stage.NEWS_RIGHT,
        "no_news_right",
        ErrorCode.NOT_ALLOWED,
    )
    verb = "reprint" if surface is Surface.REPRINT else "publish"
    assert stopped.text == f"this account has no right to {verb} current-affairs news (Art. 7 ¶2)"


@pytest.mark.parametrize("surface", sorted(ARTICLES))
@pytest.mark.parametrize("category", ["", "news", "society"])
def test_whatever_else_is_declared_needs_no_right(cn: Pack, surface: Surface, category: str) -> None:
    assert stopped_at(cn, surface, entitled(cn, account(), category), at=AT) is None


def test_the_account_is_asked_before_its_right(cn: Pack) -> None:
    stopped = stopped_at(cn, Surface.ARTICLE, entitled(cn, account(AccountState.SUBMITTED), NEWS), at=AT)
    assert stopped
    assert stopped.stage is Stage.ACCOUNT


@pytest.mark.parametrize("surface", [surface for surface in Surface if surface not in OF_ACCOUNTS])
def test_nobody_else_needs_an_account_or_a_right(cn: Pack, surface: Surface) -> None:
    assert stopped_at(cn, surface, entitled(cn, None, NEWS), at=AT) is None


@pytest.mark.parametrize("surface", Surface)
def test_a_pack_that_asks_for_nothing_stops_nobody_who_has_an_account(surface: Surface) -> None:
    house = load("open")
    facts = Facts(licence=None, signed=None, agreement=None, account=account(), category=NEWS)
    assert stopped_at(house, surface, facts, at=AT) is None
    assert closed(house, None, at=AT) == ""
