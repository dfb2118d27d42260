"""The stages before the hooks: the provider's licence, the author's agreement, and only what the pack asks."""

from datetime import date

import msgspec
import pytest

from compliance.pack import Licence, Pack, Stage, load
from compliance.stages import Facts, closed, stopped_at
from protocol.errors import ErrorCode
from protocol.publications import Surface

AT = 1_798_761_600_000  # 2027-01-01T00:00Z.
KIND = "internet_news_information_service"
IN_A_GROUP = Surface.GROUP_MESSAGE


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


def test_who_has_a_licence_and_a_signature_is_stopped_nowhere(cn: Pack) -> None:
    facts = Facts(licence=licence(), signed=signed(cn), agreement=signed(cn))
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


@pytest.mark.parametrize("surface", Surface)
def test_a_pack_that_asks_for_nothing_stops_nobody(surface: Surface) -> None:
    house = load("open")
    assert stopped_at(house, surface, Facts(licence=None, signed=None, agreement=None), at=AT) is None
    assert closed(house, None, at=AT) == ""
