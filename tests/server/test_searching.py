"""Searching what is public: accounts, articles, listed groups; what is found, in which order, what is shown of it."""

from typing import Any

import pytest

from protocol.entries import Admission
from protocol.following import Found, Search, SearchKind, SearchReply
from protocol.frames import GroupLeave, Recall
from protocol.ids import Seq, TopicId
from protocol.public import GroupFind, GroupSettings
from protocol.publications import Content, Part, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.store.doctor import findings
from server.store.public_writes import Scrub
from server.store.search_doctor import SEARCH_INVARIANTS
from tests.support.accounts import Press, active, applied, approved, article, profile, words
from tests.support.inline import Caller, InlineServer
from tests.support.public import HOLD, REJECT, connection_of, public_dump


@pytest.fixture
def press(server: InlineServer) -> Press:
    return Press(server, about="What happens between courtyards.")


def search(caller: Caller, query: str, **more: Any) -> SearchReply:
    return caller.do(Search, query=query, **more)


def found(caller: Caller, query: str, **more: Any) -> list[tuple[str, TopicId, Seq | None]]:
    """Return what a search finds: its kind and where it is."""
    return [(each.kind, each.topic, each.seq) for each in search(caller, query, **more).found]


def publish(press: Press, text: str | Content, **more: Any) -> Seq:
    """Publish an article, and return its entry's number."""
    seq = article(press.editor, press.topic, text, **more).seq
    assert seq is not None
    return seq


def titled(title: str, text: str = "It says more below.", **more: Any) -> Content:
    return words(text, title, **more)


def lane(server: InlineServer, owner: Caller, name: str = "", listing: str = "", **openness: Any) -> TopicId:
    """Return a public group that is listed, as long as nothing else is said."""
    topic = server.lane(owner, **{"listed": True} | openness)
    if name:
        owner.publish(name, topic, Surface.GROUP_NAME)
    if listing:
        owner.publish(listing, topic, Surface.GROUP_LISTING)
    return topic


# What is found.


def test_an_account_is_found_by_its_name_and_by_what_it_is_about(press: Press) -> None:
    name = decode(search(press.reader, "courtyards").found[0].body or b"").content.title
    for query in (name, name[:4], "between courtyards", "COURTYARD"):
        assert (SearchKind.ACCOUNT, press.topic, None) in found(press.reader, query)


@pytest.mark.parametrize("query", ["lamp", "works again", "byline", "summed", "second part", "heading", "amp"])
def test_an_article_is_found_by_everything_it_says(press: Press, query: str) -> None:
    content = Content(
        title="The lamp",
        summary="All of it summed up",
        author="A byline",
        text="It works again.",
        parts=(Part(heading="A heading", text="The second part"),),
    )
    seq = publish(press, content)
    assert found(press.reader, query) == [("article", press.topic, seq)]


def test_a_listed_group_is_found_by_its_name_and_listing(press: Press) -> None:
    topic = lane(press.server, press.owner, "Soup kitchen", "Who cooks tonight?")
    for query in ("soup", "tonight"):
        assert found(press.reader, query) == [("group", topic, None)]
    assert search(press.reader, "kitchen").found[0].excerpt == "Who cooks tonight?"


@pytest.mark.parametrize("query", ["灯", "路灯", "的路灯", "修好", "明", "胡同里的路灯修好了"])
def test_chinese_is_found_by_one_character_and_more(press: Press, query: str) -> None:
    seq = publish(press, titled("胡同里的路灯修好了", "昨天夜里又亮了。天明"))
    assert found(press.reader, query) == [("article", press.topic, seq)]


def test_all_words_have_to_be_there_wherever(press: Press) -> None:
    seq = publish(press, titled("The lamp", "works again"))
    publish(press, titled("The lamp", "is broken"))
    assert found(press.reader, "works lamp") == [("article", press.topic, seq)]
    assert found(press.reader, "works lamp soup") == []


@pytest.mark.parametrize("query", ['"', "*", "%", "_", "'", "lamp*", 'lamp" OR "x', "name:lamp", "NEAR(lamp)", "-lamp"])
def test_nothing_in_a_query_means_anything(press: Press, query: str) -> None:
    publish(press, titled("The lamp"))
    assert search(press.reader, query) == SearchReply(found=(), complete=True)


def test_signs_are_found_where_they_stand(press: Press) -> None:
    seq = publish(press, titled('50% "off" * snake_case 👍🏽'))
    for query in ("50%", '"off"', "*", "e_c", "👍"):
        assert found(press.reader, query) == [("article", press.topic, seq)]


@pytest.mark.parametrize("query", [" ", "\t\n", "\u3000"])
def test_to_look_for_nothing_is_refused(press: Press, query: str) -> None:
    refusal = press.reader.refusal(Search, query=query)
    assert (refusal.code, refusal.field) == ("bad_request", "query")


@pytest.mark.parametrize("query", ["\u00ad", "\u0301"])
def test_what_nobody_sees_is_nowhere(press: Press, query: str) -> None:
    assert search(press.reader, query) == SearchReply(found=(), complete=True)


def test_kinds_narrow_a_search(press: Press) -> None:
    seq = publish(press, titled("courtyards"))
    topic = lane(press.server, press.owner, "Courtyards")
    account, written, group = ("account", press.topic, None), ("article", press.topic, seq), ("group", topic, None)
    assert sorted(found(press.reader, "courtyards"), key=str) == sorted([account, written, group], key=str)
    assert found(press.reader, "courtyards", kinds=(SearchKind.ARTICLE,)) == [written]
    assert set(found(press.reader, "courtyards", kinds=(SearchKind.ACCOUNT, SearchKind.GROUP))) == {account, group}


def test_names_of_kinds_are_no_words(press: Press) -> None:
    publish(press, titled("The lamp"))
    for query in ("account", "art", "gr", "kind"):
        assert found(press.reader, query) == []


# In which order, and how much.


def test_what_is_called_so_comes_before_what_speaks_of_it(press: Press) -> None:
    speaks = publish(press, titled("Something else", "soup " * 20))
    called = publish(press, titled("Soup of the day, a long name for it"))
    named = lane(press.server, press.owner, "Soup")
    assert [each[1:] for each in found(press.reader, "soup")] == [
        (named, None),
        (press.topic, called),
        (press.topic, speaks),
    ]


def test_what_speaks_of_it_more_comes_first(press: Press) -> None:
    little = publish(press, titled("One", "soup " + "and something else " * 20))
    much = publish(press, titled("Two", "soup " * 10))
    assert [seq for _, _, seq in found(press.reader, "soup")] == [much, little]


def test_a_search_goes_on_where_it_was(press: Press) -> None:
    seqs = [publish(press, titled(f"Soup {number:02}")) for number in range(7)]
    pages = [search(press.reader, "soup", offset=offset, limit=3) for offset in (0, 3, 6, 9)]
    assert [page.complete for page in pages] == [False, False, True, True]
    assert sorted(each.seq or 0 for page in pages for each in page.found) == seqs
    assert search(press.reader, "soup", limit=7).complete


# What is shown.


def test_an_article_is_shown_as_its_card_with_the_words_around(press: Press) -> None:
    seq = publish(press, titled("The lane", "x " * 200 + "the lamp works again" + " y" * 200))
    (shown,) = search(press.reader, "lamp").found
    (entry,) = [entry for entry in press.history() if entry.seq == seq]
    assert shown == Found(kind="article", topic=press.topic, seq=seq, body=entry.body, excerpt=shown.excerpt)
    assert (shown.excerpt[0], "the lamp works again" in shown.excerpt, shown.excerpt[-1]) == ("…", True, "…")


def test_of_an_article_that_was_edited_the_last_card_is_shown_and_the_first_entry_named(press: Press) -> None:
    seq = publish(press, titled("The lamp", "is broken"))
    publish(press, titled("The lamp", "works again"), target=seq, base=1)
    (shown,) = search(press.reader, "works again").found
    assert (shown.seq, decode(shown.body or b"").version) == (seq, 2)
    assert found(press.reader, "broken") == []


def test_an_account_is_shown_by_its_profile_and_a_group_by_its_name(press: Press) -> None:
    lane(press.server, press.owner, "Courtyards", "open to all")
    bodies = {each.kind: decode(each.body or b"").content for each in search(press.reader, "courtyards").found}
    assert bodies["account"].text == "What happens between courtyards."
    assert bodies["group"].text == "Courtyards"


# Only what is in force.


def test_what_is_recalled_is_not_found(press: Press) -> None:
    seq = publish(press, titled("The lamp"))
    press.editor.do(Recall, topic=press.topic, target=seq)
    assert found(press.reader, "lamp") == []


def test_what_is_withdrawn_is_not_found_until_it_is_restored(press: Press) -> None:
    chief = press.server.officer("C1", StaffRole.CHIEF)
    said = article(press.editor, press.topic, titled("The lamp"))
    about = profile(press.owner, press.topic, press_name(press), about="lamps and lanes")
    assert len(found(press.reader, "lamp")) == 2
    for submission in (said.submission, about.submission):
        chief.do(OfficerDecide, item=submission, act=OfficerAct.WITHDRAW, ground="spam", facts="Perhaps.")
    assert found(press.reader, "lamp") == []
    for submission in (said.submission, about.submission):
        chief.do(OfficerDecide, item=submission, act=OfficerAct.RESTORE, ground="spam", facts="It was not.")
    assert len(found(press.reader, "lamp")) == 2


def press_name(press: Press) -> str:
    return decode(search(press.reader, "courtyards").found[0].body or b"").content.title


def test_a_profile_is_found_as_it_is_now(press: Press) -> None:
    profile(press.owner, press.topic, press_name(press), about="Lamps and lanes.")
    assert found(press.reader, "courtyards") == []
    assert found(press.reader, "lamps") == [("account", press.topic, None)]


def test_what_is_held_or_rejected_is_not_found(press: Press) -> None:
    press.server.panel.hooks = {"one": lambda _: HOLD}
    article(press.editor, press.topic, titled("The lamp"))
    press.server.panel.hooks = {"one": lambda _: REJECT}
    article(press.editor, press.topic, titled("The lamp"))
    assert found(press.reader, "lamp") == []


def test_an_application_is_not_found(press: Press) -> None:
    applied(press.server, press.owner, "Lamps", subject="Lamp society")
    approved(press.server, press.owner, "More lamps")
    assert found(press.reader, "lamp") == []
    active(press.server, press.editor, "Lamps at last")
    assert len(found(press.reader, "lamp")) == 1


def test_what_is_no_longer_active_is_not_found_nor_are_its_articles(press: Press) -> None:
    publish(press, titled("Courtyards"))
    connection = connection_of(press.server)
    connection.execute("DROP TRIGGER accounts_move_step_by_step")  # In this version no account ever goes back.
    connection.execute("UPDATE accounts SET state = 'approved'")
    press.server.write(Scrub())  # Whatever is committed next.
    assert found(press.reader, "courtyards") == []


def test_a_group_is_found_as_long_as_it_is_listed_and_somebody_is_in_it(press: Press) -> None:
    topic = lane(press.server, press.owner, "Soup kitchen", listed=False)
    assert found(press.reader, "soup") == []
    press.owner.do(GroupSettings, topic=topic, listed=True)
    assert found(press.reader, "soup") == [("group", topic, None)]
    press.owner.do(GroupSettings, topic=topic, admission=Admission.APPROVAL)
    press.owner.publish("Bread kitchen", topic, Surface.GROUP_NAME)
    assert (found(press.reader, "soup"), found(press.reader, "bread")) == ([], [("group", topic, None)])
    press.owner.do(GroupSettings, topic=topic, listed=False)
    assert found(press.reader, "bread") == []
    press.owner.do(GroupSettings, topic=topic, listed=True)
    press.owner.do(GroupLeave, topic=topic)
    assert found(press.reader, "bread") == []


def test_messages_of_groups_and_names_in_them_are_not_found(press: Press) -> None:
    topic = lane(press.server, press.owner, "Kitchen", history_open=True)
    press.owner.publish("soup", topic)
    press.owner.publish("Soup", topic, Surface.GROUP_SCREEN_NAME)
    press.owner.publish("soup", topic, Surface.GROUP_NOTICE)
    press.owner.publish(Content(title="Soup"), surface=Surface.CARD)
    assert found(press.reader, "soup") == []


# `group.find`, by the same index.


def test_groups_are_found_the_largest_first(press: Press) -> None:
    small = lane(press.server, press.owner, "Soup")
    large = press.server.lane(press.owner, press.reader, listed=True)
    press.owner.publish("A kitchen for soup and much else besides", large, Surface.GROUP_NAME)
    assert [each.topic for each in press.reader.do(GroupFind, query=" SOUP ").listings] == [large, small]
    assert [each.topic for each in press.reader.do(GroupFind, query="soup", limit=1).listings] == [large]
    assert [each.topic for each in press.reader.do(GroupFind).listings] == [large, small]
    assert press.reader.do(GroupFind, query="courtyards").listings == ()
    assert press.reader.do(GroupFind, query="\u00ad").listings == ()


def test_a_group_without_words_is_found_among_all_alone(press: Press) -> None:
    topic = lane(press.server, press.owner)
    assert [each.topic for each in press.reader.do(GroupFind).listings] == [topic]
    kinds = connection_of(press.server).execute("SELECT kind FROM searched").fetchall()
    assert kinds == [("account",)]


# What is kept.


def test_queries_are_kept_nowhere(press: Press) -> None:
    before = connection_of(press.server).serialize(), press.server.store._writer._connection.serialize()
    search(press.reader, "a-most-unusual-query")
    press.reader.do(GroupFind, query="a-most-unusual-query")
    after = connection_of(press.server).serialize(), press.server.store._writer._connection.serialize()
    assert before == after


def test_what_is_recalled_leaves_the_index_for_good(press: Press) -> None:
    others = [publish(press, titled(f"Number {number}", "some other words")) for number in range(3)]
    seq = publish(press, titled("Qzx", "wvkj"))
    assert b"qzx" in pages_of(press)
    press.editor.do(Recall, topic=press.topic, target=seq)
    for _ in range(120):
        press.server.every_second()
    assert b"qzx" not in pages_of(press)
    assert "wvkj" not in public_dump(press.server)
    assert sorted(seq or 0 for _, _, seq in found(press.reader, "other words")) == others
    assert list(connection_of(press.server).execute("SELECT * FROM scrubbing")) == []


def test_what_is_recalled_in_the_same_commit_as_a_piece_is_rewritten_leaves_it_too(press: Press) -> None:
    for number in range(3):
        publish(press, titled(f"Number {number}", "some other words"))
    seqs = [publish(press, titled("Qzx", "wvkj")), publish(press, titled("Jvq", "kqxz"))]
    commits = press.server.public_commits
    for seq in seqs:
        commits.gather()
        press.editor.say(press.editor.request(Recall, topic=press.topic, target=seq))
        commits.submit(Scrub(), lambda _: None)
        commits.commit()
        commits.submit(Scrub(), lambda _: None)
    for _ in range(120):
        press.server.every_second()
    assert [gram in pages_of(press) for gram in (b"qzx", b"vkj", b"jvq", b"qxz")] == [False] * 4
    assert list(connection_of(press.server).execute("SELECT * FROM scrubbing")) == []


def pages_of(press: Press) -> bytes:
    """Return all that the index has stored."""
    rows = connection_of(press.server).execute("SELECT block FROM trigrams_data")
    return b"".join(row[0] for row in rows)


def test_the_doctor_finds_an_index_that_is_not_of_what_is_there(press: Press) -> None:
    publish(press, titled("The lamp"))
    lane(press.server, press.owner, "Soup")
    connection = connection_of(press.server)
    for damage, sentence in (
        ("UPDATE articles SET root = 99", "is found, but is not in force"),
        ("DELETE FROM searched WHERE kind = 'article'", "is in force, but no search finds it"),
        ("DELETE FROM searched WHERE kind = 'account'", "is active, but no search finds it"),
        ("DELETE FROM searched WHERE kind = 'group'", "says what it is, but no search finds it"),
        ("UPDATE accounts SET topic = 'x'", "is not there to be found"),
        ("DELETE FROM trigrams_docsize", "of the search index"),
    ):
        assert list(findings(connection, *SEARCH_INVARIANTS)) == []
        connection.execute("COMMIT")
        for trigger in ("articles_stay_what_they_are", "applications_stay_while_they_count"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.execute("BEGIN")
        connection.execute(damage)
        connection.execute("SAVEPOINT here")
        told = [finding for finding in _findings(connection) if sentence in finding]
        connection.execute("ROLLBACK")
        assert told, damage


def _findings(connection: Any) -> list[str]:
    return [
        invariant.sentence.format(*row) for invariant in SEARCH_INVARIANTS for row in connection.execute(invariant.sql)
    ]
