"""What an account says about itself, its page; and the shapes of all that an account publishes."""

from typing import Any

import pytest

from protocol.account_states import AccountState
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Role
from protocol.following import Pages
from protocol.ids import Seq, new_public_topic_id
from protocol.limits import ARTICLE_BYTES, CARD_BYTES, TEXT_CHARS
from protocol.public import Origin, Publish
from protocol.publications import (
    AutoReply,
    Content,
    MenuEntry,
    MenuItem,
    Part,
    Surface,
    decode,
    encode_content,
)
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from tests.support.accounts import Press, active, approved, operator, page, profile, state_of, whole, words
from tests.support.inline import InlineServer
from tests.support.public import GROUND, HOLD, NAME, connection_of, public_dump, publication_of

MENU = Content(
    menu=(
        MenuEntry(label="News", link="https://lane.example/"),
        MenuEntry(label="Help", items=(MenuItem(label="Lamp", text="Ring twice."), MenuItem(label="Map", link="x"))),
    )
)
REPLIES = Content(replies=(AutoReply(keywords=("lamp", "灯"), text="It works again."),))
PARTS = {
    "profile": (Surface.ACCOUNT_PROFILE, Kind.PROFILE, Content(title=NAME, text="About the lane.", tags=("north",))),
    "menu": (Surface.ACCOUNT_MENU, Kind.MENU, MENU),
    "welcome": (Surface.ACCOUNT_WELCOME, Kind.WELCOME, Content(text="Welcome to the lane.")),
    "replies": (Surface.ACCOUNT_REPLIES, Kind.REPLIES, REPLIES),
}


@pytest.fixture
def press(server: InlineServer) -> Press:
    return Press(server)


def shown(press: Press, part: str) -> Content | None:
    """Return what anybody sees of one part of the page."""
    seen = page(press.reader, press.topic)
    body = getattr(seen, part)
    return None if body is None else decode(body).content


# Opening.


def test_the_first_profile_makes_the_account_active_and_it_is_there_for_everybody(server: InlineServer) -> None:
    ann, dee = server.people("ann", "dee")
    topic = approved(server, ann)
    assert page(dee, topic) is None
    assert state_of(server, topic) is AccountState.APPROVED
    assert profile(ann, topic, about="About the lane.").state is SubmissionState.PUBLISHED
    assert state_of(server, topic) is AccountState.ACTIVE
    seen = page(dee, topic)
    assert seen is not None
    assert (seen.topic, seen.head, seen.category) == (topic, 1, "society")
    assert decode(seen.profile or b"").content == Content(title=NAME, text="About the lane.")


def test_while_the_first_profile_is_held_nobody_sees_the_account(server: InlineServer) -> None:
    ann, dee = server.people("ann", "dee")
    topic = approved(server, ann)
    server.panel.hooks = {"terms": lambda _: HOLD}
    held = profile(ann, topic)
    assert (held.state, page(dee, topic)) == (SubmissionState.HELD, None)
    assert state_of(server, topic) is AccountState.APPROVED
    server.officer().do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE, ground=GROUND)
    assert page(dee, topic) is not None


def test_the_file_refuses_to_open_an_account_by_itself(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = approved(server, ann)
    with pytest.raises(Exception, match="an account opens by its profile"):
        connection_of(server).execute("UPDATE accounts SET state = 'active' WHERE topic = ?", (topic,))


def test_the_name_is_the_approved_one_and_no_other(press: Press) -> None:
    for name in ("The Lantern", NAME.lower(), f"{NAME} "):
        refusal = press.owner.refusal(
            Publish, surface=Surface.ACCOUNT_PROFILE, topic=press.topic, content=Content(title=name)
        )
        assert (refusal.code, refusal.field) == ("bad_request", "content.title")
        assert NAME in refusal.message


def test_only_the_owner_speaks_for_what_the_account_is(press: Press) -> None:
    profile_of = publication_of(Surface.ACCOUNT_PROFILE, "words", press.topic)
    assert press.editor.refused(Publish, **profile_of) == "not_allowed"
    for part in ("menu", "welcome", "replies"):
        surface, _, content = PARTS[part]
        assert press.editor.publish(content, press.topic, surface).state is SubmissionState.PUBLISHED


# The page.


@pytest.mark.parametrize("part", PARTS)
def test_each_text_stands_on_the_page_in_its_last_version(press: Press, part: str) -> None:
    surface, kind, content = PARTS[part]
    version = press.owner.publish(content, press.topic, surface).version
    assert shown(press, part) == content
    (*_, entry) = press.history()
    assert (entry.kind, entry.sender, entry.target) == (kind, press.sender, None)
    again = press.owner.publish(content, press.topic, surface, base=version)
    assert version is not None
    assert again.version == version + 1
    assert press.owner.refused(Publish, surface=surface, topic=press.topic, content=content, base=version) == (
        "superseded"
    )


@pytest.mark.parametrize("part", ["menu", "welcome", "replies"])
def test_an_empty_text_takes_it_away(press: Press, part: str) -> None:
    surface, _, content = PARTS[part]
    press.owner.publish(content, press.topic, surface)
    press.owner.publish(Content(), press.topic, surface)
    assert shown(press, part) == Content()


@pytest.mark.parametrize("part", PARTS)
def test_what_staff_withdraws_is_off_the_page_until_it_is_restored(press: Press, part: str) -> None:
    surface, _, content = PARTS[part]
    said = press.owner.publish(content, press.topic, surface)
    chief = press.server.officer("C1", StaffRole.CHIEF)
    decide = {"item": said.submission, "ground": GROUND, "facts": "A fact."}
    chief.do(OfficerDecide, act=OfficerAct.WITHDRAW, **decide)
    assert shown(press, part) is None
    chief.do(OfficerDecide, act=OfficerAct.RESTORE, **decide)
    assert shown(press, part) == content


def test_of_several_accounts_one_sees_the_profiles_and_of_one_everything(press: Press) -> None:
    other = active(press.server, press.reader, "The Lantern")
    for part in ("menu", "welcome", "replies"):
        surface, _, content = PARTS[part]
        press.owner.publish(content, press.topic, surface)
    nowhere, group = new_public_topic_id(), press.server.lane(press.reader)
    asked = (other, nowhere, press.topic, group, other)
    pages = press.reader.do(Pages, topics=asked).pages
    assert [seen.topic for seen in pages] == [other, press.topic]
    assert all(seen.profile and seen.menu is seen.welcome is seen.replies is None for seen in pages)
    alone = page(press.reader, press.topic)
    assert alone is not None
    assert alone.menu
    assert alone.welcome
    assert alone.replies


def test_of_no_account_there_is_no_page(press: Press) -> None:
    assert press.reader.do(Pages, topics=()).pages == ()


# Shapes. Nobody is asked about what is malformed, and nothing of it is kept.


def long_article(size: int) -> Content:
    """Return an article of so many bytes."""
    parts = (Part(text="字" * TEXT_CHARS), Part(text="字" * (TEXT_CHARS - 500)))
    rest = size - len(encode_content(words("x" * 1000, parts=parts)))
    return words("x" * (1000 + rest), parts=parts)


_P, _M, _W, _R = Surface.ACCOUNT_PROFILE, Surface.ACCOUNT_MENU, Surface.ACCOUNT_WELCOME, Surface.ACCOUNT_REPLIES
_A, _B = Surface.ARTICLE, Surface.BROADCAST
ORIGIN = Origin(account=new_public_topic_id(), seq=Seq(1), digest=bytes(32))
MALFORMED: list[tuple[str, str, Surface, Content, dict[str, Any]]] = [
    ("a profile without a name", "content.title", _P, Content(text="x"), {}),
    ("a profile with a name of two lines", "content.title", _P, Content(title="x\ny"), {}),
    ("a profile with a blank tag", "content.tags", _P, Content(title=NAME, tags=("north", " ")), {}),
    ("a profile with a tag twice", "content.tags", _P, Content(title=NAME, tags=("north", "north")), {}),
    ("a profile with a tag that hides something", "content.tags", _P, Content(title=NAME, tags=("no\u202erth",)), {}),
    ("a profile with parts", "content", _P, Content(title=NAME, parts=(Part(text="x"),)), {}),
    ("a profile that is too long", "content", _P, Content(title=NAME, text="x" * 501), {}),
    ("a menu with a text", "content", _M, Content(text="x"), {}),
    ("a menu with a blank label", "content.menu", _M, Content(menu=(MenuEntry(label=" ", text="x"),)), {}),
    ("a menu with a label of two lines", "content.menu", _M, Content(menu=(MenuEntry(label="x\ny", text="x"),)), {}),
    ("a menu entry with nothing behind it", "content.menu", _M, Content(menu=(MenuEntry(label="x"),)), {}),
    (
        "a menu entry with two things behind it",
        "content.menu",
        _M,
        Content(menu=(MenuEntry(label="x", text="x", link="x"),)),
        {},
    ),
    (
        "a menu item with nothing behind it",
        "content.menu",
        _M,
        Content(menu=(MenuEntry(label="x", items=(MenuItem(label="x"),)),)),
        {},
    ),
    (
        "a menu item with a blank label",
        "content.menu",
        _M,
        Content(menu=(MenuEntry(label="x", items=(MenuItem(label="", text="x"),)),)),
        {},
    ),
    ("a welcome with a title", "content", _W, Content(title="x", text="x"), {}),
    ("a welcome that is too long", "content", _W, Content(text="x" * 1001), {}),
    ("replies with a menu", "content", _R, MENU, {}),
    ("a reply without keywords", "content.replies", _R, Content(replies=(AutoReply(keywords=(), text="x"),)), {}),
    ("a reply with a blank one", "content.replies", _R, Content(replies=(AutoReply(keywords=(" ",), text="x"),)), {}),
    ("a reply without a text", "content.replies", _R, Content(replies=(AutoReply(keywords=("x",), text=" "),)), {}),
    *(
        (f"{surface} that answers", "reply_to", surface, content, {"reply_to": 1})
        for surface, _, content in PARTS.values()
    ),
    *(
        (f"{surface} that edits", "target", surface, content, {"target": 1, "base": 1})
        for surface, _, content in PARTS.values()
    ),
    *((f"{surface} to a tag", "tag", surface, content, {"tag": "north"}) for surface, _, content in PARTS.values()),
    *(
        (f"{surface} to be reprinted", "reprintable", surface, content, {"reprintable": True})
        for surface, _, content in PARTS.values()
    ),
    ("an article without a title", "content.title", _A, Content(text="x"), {}),
    ("an article with a title of two lines", "content.title", _A, Content(title="x\ny", text="x"), {}),
    ("an article with a byline of two lines", "content.author", _A, words("x", author="x\ny"), {}),
    ("an article with nothing in it", "content", _A, Content(title="x", text=" ", parts=(Part(),)), {}),
    ("an article with a summary alone", "content", _A, Content(title="x", summary="x"), {}),
    ("an article with tags", "content", _A, words("x", tags=("north",)), {}),
    ("an article of no such category", "content.category", _A, words("x", category="gossip"), {}),
    ("an article that is too long", "content", _A, long_article(ARTICLE_BYTES + 1), {}),
    ("an article that answers", "reply_to", _A, words("x"), {"reply_to": 1}),
    ("an article to a tag", "tag", _A, words("x"), {"tag": "north"}),
    ("an article with a source", "source", _A, words("x"), {"source": ORIGIN}),
    ("a target without a base", "base", _A, words("x"), {"target": 1}),
    ("a base without a target", "base", _B, words("x"), {"base": 1}),
    ("no such tag", "tag", _B, words("x"), {"tag": "west"}),
    ("a reprint without a source", "source", Surface.REPRINT, words("x"), {}),
    ("a reprint that edits", "target", Surface.REPRINT, words("x"), {"target": 1, "base": 1, "source": ORIGIN}),
    ("an article without a topic", "topic", _A, words("x"), {"topic": None}),
]


@pytest.mark.parametrize(
    ("field", "surface", "content", "more"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_what_is_malformed_is_refused_by_its_field_and_leaves_nothing(
    press: Press, field: str, surface: Surface, content: Content, more: dict[str, Any]
) -> None:
    before, seen = public_dump(press.server), len(press.server.panel.seen)
    refusal = press.owner.refusal(Publish, **{"surface": surface, "topic": press.topic, "content": content} | more)
    assert (refusal.code, refusal.field) == ("bad_request", field)
    assert refusal.retry_after_ms is None
    assert public_dump(press.server) == before
    assert len(press.server.panel.seen) == seen


def test_an_article_as_long_as_may_be_is_published_and_read(press: Press) -> None:
    content = long_article(ARTICLE_BYTES)
    said = press.owner.publish(content, press.topic, _A)
    assert whole(press.reader, press.topic, said.seq).content == content


def test_a_card_has_room_for_the_longest_title_summary_and_byline(press: Press) -> None:
    content = Content(title="𝄞" * 128, text="x", summary="𝄞" * 240, author="𝄞" * 64, lang="x" * 35)
    said = press.owner.publish(content, press.topic, _A)
    assert said.state is SubmissionState.PUBLISHED
    (*_, entry) = press.history()
    assert len(entry.body or b"") <= CARD_BYTES


def test_a_group_takes_nothing_that_only_accounts_say(press: Press) -> None:
    topic = press.server.lane(press.owner)
    for more in (
        {"summary": "x"},
        {"author": "x"},
        {"tags": ("x",)},
        {"menu": MENU.menu},
        {"replies": REPLIES.replies},
    ):
        content = Content(text="x", **more)
        refusal = press.owner.refusal(Publish, surface=Surface.GROUP_MESSAGE, topic=topic, content=content)
        assert (refusal.code, refusal.field) == ("bad_request", "content")


def test_tags_are_those_of_the_profile_that_is_in_force(press: Press) -> None:
    profile(press.owner, press.topic, tags=("west",))
    said = {"surface": _B, "topic": press.topic, "content": words("x")}
    assert press.owner.refusal(Publish, **said, tag="north").field == "tag"
    assert press.owner.do(Publish, **said, tag="west").submission.state is SubmissionState.PUBLISHED


def test_an_operator_who_came_later_publishes_like_the_others(press: Press) -> None:
    operator(press.owner, press.topic, press.reader, Role.EDITOR)
    assert press.reader.publish(words("x"), press.topic, _A).state is SubmissionState.PUBLISHED
