"""Contacts, moments and what is said under them, as docs/PROTOCOL.md has them, between people and a real server."""

import time
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest

from tests.conformance.circle import (
    NOBODY,
    TWO_WAYS,
    befriend,
    comment,
    hinted,
    let_a_millisecond_pass,
    noticed,
    people,
    post,
    seen,
    stands,
    told,
    under,
)  # fmt: skip
from tests.conformance.client import refused
from tests.conformance.device import Map, new_cid, text
from tests.conformance.newsroom import Newsroom


@pytest.fixture(scope="module", params=["open", "cn-2014"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    room = Newsroom(tmp_path_factory.mktemp("room"), request.param)
    yield room
    room.close()


def test_people_ask_accept_refuse_and_part(room: Newsroom) -> None:
    ann, bo, cai = people(room, "an", count=3)
    tablet = room.another_device("an_bo")
    nothing = ann.ask("contact.withdraw", person=bo.person)
    assert nothing["contact"] == {"person": bo.person, "handle": "an_bo", "state": "none", "at": 0}
    assert ann.ask("contacts").keys() == {"re", "contacts", "mark"}
    asked = ann.ask("contact.ask", person=bo.person, greeting=text("我是安"))
    assert (asked["contact"]["state"], asked["mark"]) == ("asked", nothing["mark"] + 1)
    assert asked["contact"]["until"] - asked["contact"]["at"] == 7 * 86_400_000
    asking = told(bo, ann, "asking")
    assert told(tablet, ann, "asking") == asking
    assert asking["contact"]["greeting"] == asked["contact"]["greeting"] == text("我是安")
    assert ann.ask("contact.ask", person=bo.person, greeting=text("在吗"))["mark"] == asked["mark"]
    assert bo.ask("contact.refuse", person=cai.person)["mark"] == asking["mark"]
    remark = msgpack.packb({"text": "安安", "tags": ["同学"]})
    bo.ask("contact.remark", person=ann.person, remark=remark)
    hidden = bo.ask("contact.hide", person=ann.person, theirs=True)
    assert hidden["mark"] == asking["mark"] + 2
    accepted = bo.ask("contact.accept", person=ann.person)
    row = accepted["contact"]
    assert (row["state"], row["remark"], row["hides_theirs"]) == ("contact", remark, True)
    assert "hides_mine" not in row
    assert told(tablet, ann, "contact") == {"ev": "contact", "contact": row, "mark": accepted["mark"]}
    assert "remark" not in told(ann, bo, "contact")["contact"]
    assert bo.ask("contacts", mark=asking["mark"])["contacts"] == [row]
    assert bo.ask("contacts", mark=accepted["mark"])["contacts"] == []
    bo.ask("contact.remove", person=ann.person)
    gone = stands(bo, ann)
    assert (gone["state"], gone.keys() & {"remark", "hides_theirs", "until"}) == ("none", set())
    assert stands(ann, bo)["state"] == "contact"
    assert bo.ask("contact.ask", person=ann.person)["contact"]["state"] == "contact"
    cai.ask("contact.ask", person=ann.person)
    told(ann, cai, "asking")
    assert ann.ask("contact.refuse", person=cai.person)["contact"]["state"] == "none"
    assert stands(cai, ann)["state"] == "asked"
    assert cai.ask("contact.withdraw", person=ann.person)["contact"]["state"] == "none"
    cai.ask("contact.ask", person=bo.person)
    told(bo, cai, "asking")
    cai.ask("contact.withdraw", person=bo.person)
    withdrawn = told(bo, cai, "none")
    assert withdrawn["contact"]["at"] > 0
    assert told(tablet, cai, "none") == withdrawn
    cai.ask("contact.ask", person=bo.person)
    told(bo, cai, "asking")
    bo.ask("block", person=cai.person)
    assert told(tablet, cai, "none")["mark"] == withdrawn["mark"] + 2
    assert (stands(bo, cai)["state"], stands(cai, bo)["state"]) == ("none", "asked")
    bo.ask("contact.ask", person=cai.person)
    assert told(cai, bo, "contact")


def test_what_does_not_fit_a_list_of_contacts_is_refused(room: Newsroom) -> None:
    ann, bo = people(room, "bei", count=2)
    for op in ("ask", "withdraw", "accept", "refuse", "remove", "remark", "hide"):
        more = {"remark": b""} if op == "remark" else {}
        assert refused("bad_request", ann, f"contact.{op}", person=ann.person, **more)["field"] == "person"
        refused("not_found", ann, f"contact.{op}", person=NOBODY, **more)
    refused("not_found", ann, "contact.accept", person=bo.person)
    refused("not_found", ann, "contact.remark", person=bo.person, remark=b"x")
    refused("not_found", ann, "contact.hide", person=bo.person, mine=True)
    assert refused("bad_request", ann, "contact.ask", person=bo.person, greeting=bytes(1025))["field"] == "greeting"
    ann.ask("contact.ask", person=bo.person)
    assert refused("bad_request", ann, "contact.remark", person=bo.person, remark=bytes(1025))["field"] == "remark"
    bo.ask("set_preferences", findable=False)
    told(bo, ann, "asking")
    bo.ask("contact.refuse", person=ann.person)
    assert ann.ask("people", handles=["bei_bo"])["people"] == [{"person": bo.person, "handle": "bei_bo"}]
    ann.ask("contact.withdraw", person=bo.person)
    assert ann.ask("people", handles=["bei_bo"])["people"] == []
    assert len(ann.ask("people", persons=[bo.person])["people"]) == 1


def test_a_private_card_is_shown_to_friends_and_to_a_group(room: Newsroom) -> None:
    ann, bo, cai, dan = people(room, "chun", count=4)
    befriend(ann, bo)
    card = msgpack.packb({"name": "安", "status": "在家"})
    ann.ask("private_card", card=card)
    shown = [{"person": ann.person, "card": card}]
    asked = [bo.person, ann.person, ann.person, NOBODY]
    for device in (ann, bo):
        assert device.ask("private_cards", persons=asked)["cards"] == shown
    group = ann.write("group.found", invite=[cai.person])["topic"]
    cai.wait_for("topic")
    assert cai.ask("private_cards", persons=asked)["cards"] == []
    cai.write("group.accept", topic=group)
    assert cai.ask("private_cards", persons=asked)["cards"] == shown
    assert dan.ask("private_cards", persons=asked)["cards"] == []
    ann.ask("block", person=cai.person)
    assert cai.ask("private_cards", persons=asked)["cards"] == []
    assert refused("bad_request", ann, "private_card", card=bytes(4097))["field"] == "card"
    assert refused("bad_request", ann, "private_cards", persons=[NOBODY] * 51)["field"] == "persons"
    ann.ask("private_card", card=b"")
    assert bo.ask("private_cards", persons=asked)["cards"] == []


def test_a_moment_is_shown_to_whom_it_is_for_and_to_nobody_else(room: Newsroom) -> None:
    ann, bo, cai, dan = people(room, "dong", count=4)
    tablet = room.another_device("dong_ann")
    befriend(ann, bo, cai)
    post(ann, "all")
    post(ann, "only bo", only=[bo.person, dan.person])
    without = post(ann, "without bo", without=[bo.person])
    post(ann, "both", only=[bo.person, cai.person], without=[cai.person])
    alone = post(ann, "alone", only=[])
    last = post(ann, "last")
    hint = hinted(tablet, alone)
    assert (hint["side"], hint["author"], hint["audience"]) == ("private", ann.person, {"only": []})
    assert hinted(bo, last).keys() == {"side", "author", "handle", "at", "body", "moment"}
    hinted(cai, last)
    shown = [[push["moment"]["body"] for push in each.pushes if push["ev"] == "moment"] for each in (bo, cai)]
    assert shown == [[text("all"), text("only bo"), text("both")], [text("all"), text("without bo")]]
    assert seen(ann) == ["last", "alone", "both", "without bo", "only bo", "all"]
    assert seen(bo) == seen(bo, "moments", person=ann.person) == ["last", "both", "only bo", "all"]
    assert seen(cai) == ["last", "without bo", "all"]
    assert dan.ask("moments", person=ann.person).keys() == {"re", "moments", "complete"}
    assert seen(dan) == []
    for moment in (alone, without, NOBODY):
        refused("not_found", bo, "moment", moment=moment)
    assert cai.ask("moment", moment=without)["moment"]["body"] == text("without bo")
    befriend(dan, ann)
    assert seen(dan) == ["last", "without bo", "only bo", "all"]
    ann.ask("contact.hide", person=bo.person, mine=True)
    assert seen(bo) == seen(bo, "moments", person=ann.person) == []
    refused("not_found", bo, "moment", moment=last)
    ann.ask("contact.hide", person=bo.person, mine=False)
    bo.ask("contact.hide", person=ann.person, theirs=True)
    assert seen(bo) == []
    assert len(seen(bo, "moments", person=ann.person)) == 4
    cai.ask("contact.remove", person=ann.person)
    dan.ask("block", person=ann.person)
    for parted in (cai, dan):
        assert seen(parted, "moments", person=ann.person) == []
    dan.ask("unblock", person=ann.person)
    assert seen(dan) == ["last", "without bo", "only bo", "all"]
    ann.ask("set_preferences", moments_days=3)
    assert len(seen(dan)) == 4
    refused("bad_request", ann, "set_preferences", moments_days=7)


def test_a_moment_is_written_once_narrowed_and_deleted(room: Newsroom) -> None:
    ann, bo, cai = people(room, "er", count=3)
    befriend(ann, bo, cai)
    cid, body = new_cid(), text("once")
    first = ann.write("moment.post", cid=cid, body=body, without=[bo.person])["moment"]
    moment = first["moment"]
    assert first["audience"] == {"without": [bo.person]}
    assert ann.write("moment.post", cid=cid, body=body, without=[bo.person])["moment"] == first
    refused("conflict", ann, "moment.post", cid=cid, body=body)
    comment(cai, moment, "seen")
    narrow = {"moment": moment, "only": [bo.person, cai.person]}
    for _ in range(2):
        audience = ann.ask("moment.narrow", **narrow)["moment"]["audience"]
        assert (set(audience["only"]), audience["without"]) == ({bo.person, cai.person}, [bo.person])
    refused("not_found", bo, "moment", moment=moment)
    assert ann.ask("moment.narrow", moment=moment)["moment"]["audience"] == audience
    assert ann.ask("moment.narrow", moment=moment, only=[bo.person])["moment"]["audience"]["only"] == [bo.person]
    refused("not_found", cai, "thread", moment=moment)
    assert ann.write("moment.post", cid=cid, body=body, without=[bo.person])["moment"]["audience"]["only"]
    for op in ("moment.narrow", "moment.delete"):
        refused("not_found", bo, op, moment=moment)
        refused("not_found", ann, op, moment=NOBODY)
    for _ in range(2):
        ann.ask("moment.delete", moment=moment)
    for op in (*TWO_WAYS[:3], "moment.narrow"):
        refused("not_found", ann, op, moment=moment)
    refused("not_found", ann, "moment.post", cid=cid, body=body, without=[bo.person])
    assert ann.ask("notices")["notices"] == []


def test_too_many_people_and_what_is_malformed_are_refused(room: Newsroom) -> None:
    ann, bo = people(room, "fang", count=2)
    befriend(ann, bo)
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    crowd = ["b" * 13 + alphabet[n // 1024] + alphabet[n // 32 % 32] + alphabet[n % 32] for n in range(1001)]
    said: Map = {"cid": new_cid(), "body": text("x")}
    for field in ("only", "without"):
        assert refused("bad_request", ann, "moment.post", **said | {field: crowd})["field"] == field
    broken: list[tuple[str, Any]] = [("body", b""), ("body", "x"), ("body", bytes(32769)), ("cid", bytes(16))]
    for field, wrong in broken:
        assert refused("bad_request", ann, "moment.post", **said | {field: wrong})["field"] == field
    full = ann.write("moment.post", **said, without=crowd[:1000])["moment"]
    assert set(full["audience"]["without"]) == set(crowd[:1000])
    moment = full["moment"]
    assert refused("too_many", ann, "moment.narrow", moment=moment, without=crowd[1000:])["field"] == "without"
    assert ann.ask("moment.narrow", moment=moment, only=[bo.person])["moment"]["audience"]["only"] == [bo.person]
    for op in TWO_WAYS:
        for both in ({}, {"moment": moment, "topic": "0" * 16, "seq": 1}, {"topic": "0" * 16}, {"seq": 1}):
            refused("bad_request", ann, op, **both)
        refused("bad_request", ann, op, moment=moment, seq=1)
        refused("bad_request", ann, op, moment=7)
    chat = ann.write("send", to=bo.person, body=text("hi"))["topic"]
    for op in TWO_WAYS:
        refused("wrong_side", ann, op, topic=chat, seq=1)
    refused("not_found", ann, "moments", person=NOBODY)
    for op, more in (
        ("timeline", {}),
        ("moments", {"person": ann.person}),
        ("notices", {}),
        ("thread", {"moment": moment}),
    ):
        for key, value in (("limit", 0), ("limit", 51), ("before", "x" * 129), ("before", "x"), ("before", 1)):
            assert refused("bad_request", ann, op, **more, **{key: value})["field"] == key
    assert refused("bad_request", ann, "comment", cid=new_cid(), moment=moment, body=bytes(4097))["field"] == "body"


def test_a_position_is_good_for_its_reader_and_its_list_alone(room: Newsroom) -> None:
    ann, bo = people(room, "gu", count=2)
    tablet = room.another_device("gu_bo")
    befriend(ann, bo)
    moments = [post(ann, str(n)) for n in range(5)]
    page = bo.ask("timeline", limit=2)
    place = page["before"]
    assert not page["complete"]
    times = [each["at"] for each in page["moments"]]
    assert times[0] > times[1]
    ann.ask("moment.delete", moment=moments[3])
    post(ann, "new")
    for device in (bo, tablet):
        rest = device.ask("timeline", before=place)
        assert [each["body"] for each in rest["moments"]] == [text("2"), text("1"), text("0")]
        assert rest["complete"]
    forged = [("A" if place[0] != "A" else "B") + place[1:], place[:-1], place + "A"]
    for before in forged:
        assert refused("bad_request", bo, "timeline", before=before)["field"] == "before"
    for device, op, fields in (
        (ann, "timeline", {}),
        (bo, "moments", {"person": ann.person}),
        (bo, "notices", {}),
        (bo, "thread", {"moment": moments[0]}),
    ):
        assert refused("bad_request", device, op, **fields, before=place)["field"] == "before"


def test_each_reader_sees_what_friends_of_theirs_say_and_like(room: Newsroom) -> None:
    ann, bo, cai, dan = people(room, "hai", count=4)
    befriend(ann, bo, cai, dan)
    befriend(dan, bo, cai)
    moment = post(ann, "m")
    cid = new_cid()
    first = bo.write("comment", cid=cid, moment=moment, body=text("bo"))["comment"]
    assert (first["author"], first["handle"], first["body"]) == (bo.person, "hai_bo", text("bo"))
    assert bo.write("comment", cid=cid, moment=moment, body=text("bo"))["comment"] == first
    refused("conflict", bo, "comment", cid=cid, moment=moment, body=text("?"))
    for unseen in (first["comment"], NOBODY):
        refused("not_found", cai, "comment", cid=new_cid(), moment=moment, body=text("?"), answers=unseen)
    second = comment(dan, moment, "dan to bo", answers=first["comment"])
    comment(cai, moment, "cai")
    assert (bo.ask("like", moment=moment)["likes"], cai.ask("like", moment=moment)["likes"]) == (1, 1)
    let_a_millisecond_pass()
    assert dan.ask("like", moment=moment)["likes"] == dan.ask("like", moment=moment)["likes"] == 3
    assert under(ann, moment) == under(dan, moment) == ["cai", "dan to bo", "bo"]
    assert under(bo, moment) == ["dan to bo", "bo"]
    assert under(cai, moment) == ["cai"]
    thread = cai.ask("thread", moment=moment)
    assert [each["person"] for each in thread["likers"]] == [dan.person, cai.person]
    assert (thread["likes"], thread["liked"], thread["complete"]) == (2, True, True)
    shown = cai.ask("moment", moment=moment)["moment"]
    assert (shown["likes"], shown["liked"], shown["comments"]) == (2, True, 1)
    answer = next(each for each in ann.ask("thread", moment=moment)["comments"] if each["comment"] == second)
    assert answer["answers"] == first["comment"]
    assert cai.ask("like", moment=moment, liked=False)["likes"] == 1
    assert bo.ask("like", moment=NOBODY, liked=False)["likes"] == 0
    refused("not_found", bo, "like", moment=NOBODY)
    ann.ask("block", person=bo.person)
    assert under(ann, moment) == ["cai"]
    refused("not_found", bo, "thread", moment=moment)
    refused("not_found", bo, "comment", cid=cid, moment=moment, body=text("bo"))
    assert under(dan, moment) == ["cai", "dan to bo", "bo"]
    refused("not_found", cai, "comment.delete", comment=first["comment"])
    refused("not_found", dan, "comment.delete", comment=first["comment"])
    for device in (bo, bo, ann):
        device.ask("comment.delete", comment=first["comment"])
    assert under(dan, moment) == ["cai"]
    refused("not_found", dan, "comment.delete", comment=NOBODY)


def test_a_live_thread_tells_of_what_its_reader_sees(room: Newsroom) -> None:
    ann, bo, cai, dan = people(room, "jing", count=4)
    befriend(ann, bo, cai, dan)
    befriend(dan, cai)
    moment, other = post(ann, "m"), post(ann, "other")
    for root in (moment, other):
        assert cai.ask("thread", moment=root, live=True)["comments"] == []
    comment(bo, moment, "cai does not see this")
    made = comment(dan, moment, "dan")
    push = {"ev": "thread", "moment": moment}
    assert cai.wait_for("thread") == push
    assert under(cai, moment) == ["dan"]
    for change in ({"liked": True}, {"liked": False}):
        dan.ask("like", moment=moment, **change)
        assert cai.wait_for("thread") == push
        assert cai.ask("thread", moment=moment)["likes"] == change["liked"]
    dan.ask("comment.delete", comment=made)
    assert cai.wait_for("thread") == push
    assert under(cai, moment) == []
    for _ in range(2):
        cai.ask("thread.close", moment=moment)
    cai.ask("thread.close", moment=NOBODY)
    dan.ask("like", moment=moment)
    ann.ask("moment.delete", moment=other)
    assert cai.wait_for("thread") == {"ev": "thread", "moment": other}
    assert not [each for each in cai.pushes if each["ev"] == "thread"]
    refused("not_found", cai, "thread", moment=other)
    opened = [post(ann, str(n)) for n in range(20)]
    for root in opened[:19]:
        cai.patiently("thread", moment=root, live=True)
    refused("too_many", cai, "thread", moment=opened[19], live=True)
    cai.ask("thread", moment=opened[0], live=True)
    cai.ask("thread.close", moment=other)
    cai.ask("thread", moment=opened[19], live=True)


def test_notices_say_what_friends_did_and_are_read_on_all_devices(room: Newsroom) -> None:
    ann, bo, cai = people(room, "kuan", count=3)
    tablet = room.another_device("kuan_ann")
    befriend(ann, bo, cai)
    befriend(bo, cai)
    moment = post(ann, "m")
    bo.ask("like", moment=moment)
    assert ann.wait_for("notice") == {"ev": "notice"}
    first = comment(bo, moment, "bo")
    ann.wait_for("notice")
    mine = comment(ann, moment, "ann to bo", answers=first)
    bo.wait_for("notice")
    comment(cai, moment, "cai to ann", answers=mine)
    ann.wait_for("notice")
    page = ann.ask("notices", limit=2)
    assert noticed(ann) == [("answer", cai.person), ("comment", bo.person), ("like", bo.person)]
    assert noticed(bo) == [("answer", ann.person)]
    assert (page["unread"], page["complete"]) == (3, False)
    newest = page["notices"][0]
    assert (newest["moment"], newest["handle"]) == (moment, "kuan_cai")
    assert (newest["comment"]["body"], newest["comment"]["answers"]) == (text("cai to ann"), mine)
    (last,) = ann.ask("notices", before=page["before"])["notices"]
    assert last.keys() == {"kind", "at", "by", "handle", "moment"}
    tablet.pushes.clear()
    ann.ask("notices.read", at=page["notices"][1]["at"])
    tablet.wait_for("notice")
    assert tablet.ask("notices")["unread"] == 1
    ann.ask("notices.read", at=newest["at"])
    ann.ask("notices.read", at=0)
    assert ann.ask("notices")["unread"] == 0
    refused("bad_request", ann, "notices.read", at=int(time.time() * 1000) + 10**6)
    ann.ask("block", person=bo.person)
    assert noticed(ann) == []
    ann.ask("unblock", person=bo.person)
    assert len(noticed(ann)) == 3
    bo.ask("like", moment=moment, liked=False)
    bo.ask("comment.delete", comment=first)
    assert (noticed(ann), noticed(bo)) == ([], [])
