"""Squares and what is said under posts, as docs/PROTOCOL.md has them, between people and a real server."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.circle import NOBODY, befriend, comment, noticed, people, post
from tests.conformance.client import refusal_of, refused
from tests.conformance.device import Device, Map, new_cid, text
from tests.conformance.newsroom import Newsroom, publish, shown


@pytest.fixture(scope="module", params=["open", "cn-2014"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    room = Newsroom(tmp_path_factory.mktemp("room"), request.param)
    yield room
    room.close()


def on_square(device: Device, said: str) -> Map:
    """Say something on one's square, and return how the post is named."""
    submission: Map = device.write("publish", surface="square", content={"text": said})["submission"]
    assert submission["state"] == "published"
    return {"topic": submission["topic"], "seq": submission["seq"]}


def remark(device: Device, root: Map, said: str, **answers: str) -> str:
    """Say something under a post, and return its id."""
    made = publish(device, "comment", root["topic"], {"text": said}, root=root["seq"], **answers)
    assert (made["state"], made["topic"], made["root"]) == ("published", root["topic"], root["seq"])
    assert "seq" not in made
    comment: str = made["comment"]
    return comment


def not_said(code: str, device: Device, surface: str, **fields: Any) -> str:
    """Return the field for which what would be published is refused, when its turn has come."""
    asked = {"cid": new_cid(), "surface": surface, "content": {"text": "x"}} | fields
    error = refusal_of(code, lambda: device.patiently("publish", **asked))
    field: str = error.get("field", "")
    return field


def under(device: Device, root: Map) -> list[str]:
    """Return what one sees under a post, newest first."""
    return [shown(each["body"])["content"]["text"] for each in device.patiently("thread", **root)["comments"]]


def test_a_post_is_read_by_everybody_and_is_in_the_timelines_of_friends(room: Newsroom) -> None:
    ann, bo, cai = people(room, "jia", count=3)
    tablet = room.another_device("jia_ann")
    befriend(ann, bo)
    cid, content = new_cid(), {"title": "你好", "text": "大家好"}
    first = ann.write("publish", cid=cid, surface="square", content=content)["submission"]
    topic, seq = first["topic"], first["seq"]
    assert topic.startswith("0")
    assert ann.write("publish", cid=cid, surface="square", content=content)["submission"] == first
    assert tablet.wait_for("submission", lambda push: push["submission"]["state"] == "published")
    hint = bo.wait_for("moment")["moment"]
    assert (hint["side"], hint["topic"], hint["seq"], hint["author"]) == ("public", topic, seq, ann.person)
    assert hint.keys().isdisjoint({"moment", "audience"})
    moment = post(ann, "for friends")
    assert [each["side"] for each in bo.ask("timeline")["moments"]] == ["private", "public"]
    (alone,) = cai.ask("moments", person=ann.person)["moments"]
    assert (alone, shown(alone["body"])["content"]) == (hint, content)
    assert cai.ask("timeline")["moments"] == []
    refused("not_found", cai, "moment", moment=moment)
    page = cai.ask("history", topic=topic)
    assert [(entry["kind"], entry["seq"]) for entry in page["entries"]] == [("post", seq)]
    for device in (ann, cai):
        for op in ("topic", "follow", "group.join"):
            refused("not_found", device, op, topic=topic)
    ann.ask("contact.hide", person=bo.person, mine=True)
    assert [each["side"] for each in bo.ask("timeline")["moments"]] == ["public"]
    bo.ask("contact.hide", person=ann.person, theirs=True)
    assert bo.ask("timeline")["moments"] == []
    ann.ask("block", person=bo.person)
    assert bo.ask("moment", topic=topic, seq=seq)["moment"] == hint
    refused("not_found", cai, "recall", cid=new_cid(), topic=topic, target=seq)
    remark(cai, {"topic": topic, "seq": seq}, "x")
    ann.write("recall", topic=topic, target=seq)
    for op in ("moment", "thread", "like"):
        refused("not_found", cai, op, topic=topic, seq=seq)
    assert not_said("not_found", cai, "comment", topic=topic, root=seq) == ""
    assert cai.ask("moments", person=ann.person)["moments"] == []


def test_what_does_not_fit_a_post_or_a_comment_is_refused(room: Newsroom) -> None:
    ann, bo = people(room, "kou", count=2)
    root = on_square(ann, "root")
    square, place = root["topic"], ann.write("group.found_public")["topic"]
    chat = ann.write("send", to=bo.person, body=text("hi"))["topic"]
    for field, wrong in (("topic", square), ("root", 1), ("answers", "0" * 16)):
        assert not_said("bad_request", ann, "square", **{field: wrong}) == field
    not_said("bad_request", ann, "square", reply_to=1)
    for content in ({}, {"text": " "}, {"text": "x", "tags": ["x"]}, {"text": "x" * 8001}, {"category": "no such"}):
        not_said("bad_request", ann, "square", content=content)
    assert not_said("bad_request", bo, "comment", root=1) == "topic"
    assert not_said("bad_request", bo, "comment", topic=square) == "root"
    assert not_said("bad_request", bo, "group_message", topic=place, root=1) == "root"
    at = {"topic": square, "root": root["seq"]}
    for content in ({}, {"text": " "}, {"text": "x", "title": "x"}, {"text": "x" * 2001}):
        not_said("bad_request", bo, "comment", **at, content=content)
    not_said("not_found", bo, "comment", topic=square, root=99)
    not_said("not_found", bo, "comment", topic="0" * 16, root=1)
    not_said("not_found", bo, "comment", **at, answers="0" * 16)
    not_said("wrong_side", bo, "comment", topic=chat, root=1)
    moment = post(ann, "m")
    private = comment(ann, moment, "x")
    not_said("not_found", ann, "comment", **at, answers=private)
    public = remark(bo, root, "x")
    refused("not_found", ann, "comment", cid=new_cid(), moment=moment, body=text("x"), answers=public)
    for op in ("moment", "like", "thread"):
        refused("bad_request", ann, op, **root, moment=moment)
        refused("not_found", ann, op, topic=square, seq=99)
    refused("wrong_side", ann, "thread.choose", topic=chat, seq=1, choice="off")
    refused("not_found", ann, "thread.choose", topic=square, seq=99, choice="off")
    assert refused("bad_request", ann, "thread.choose", **root, choice="some")["field"] == "choice"
    for unknown in (private, NOBODY, "0" * 16):
        refused("not_found", ann, "comment.select", comment=unknown)


def test_who_posted_chooses_which_comments_there_are(room: Newsroom) -> None:
    ann, bo, cai, dan = people(room, "lan", count=4)
    root = on_square(ann, "root")
    assert dan.ask("thread", **root, live=True)["choice"] == "everyone"
    push = {"ev": "thread", **root}
    first = remark(bo, root, "bo")
    assert dan.wait_for("thread") == push
    assert first.startswith("0")
    remark(cai, root, "cai to bo", answers=first)
    assert dan.wait_for("thread") == push
    for device in (ann, bo, cai, dan):
        assert under(device, root) == ["cai to bo", "bo"]
    refused("not_allowed", bo, "thread.choose", **root, choice="off")
    refused("not_allowed", bo, "comment.select", comment=first)
    for _ in range(2):
        ann.ask("thread.choose", **root, choice="selected")
    assert dan.wait_for("thread") == push
    assert [under(device, root) for device in (ann, bo, cai, dan)] == [["cai to bo", "bo"], ["bo"], [], []]
    refused("not_found", dan, "comment.select", comment=first)
    assert ann.ask("comment.select", comment=first)["comment"]["selected"]
    assert dan.wait_for("thread") == push
    assert [under(device, root) for device in (bo, cai, dan)] == [["bo"], ["cai to bo", "bo"], ["bo"]]
    assert dan.ask("moment", **root)["moment"]["comments"] == 1
    ann.ask("thread.choose", **root, choice="off")
    assert dan.wait_for("thread") == push
    assert [under(device, root) for device in (bo, cai, dan)] == [["bo"], [], []]
    for device in (ann, bo, dan):
        not_said("not_allowed", device, "comment", topic=root["topic"], root=root["seq"])
    ann.ask("thread.choose", **root, choice="selected")
    dan.wait_for("thread")
    assert under(dan, root) == ["bo"]
    assert "selected" not in ann.ask("comment.select", comment=first, selected=False)["comment"]
    dan.wait_for("thread")
    assert under(dan, root) == []
    ann.ask("thread.choose", **root, choice="everyone")
    dan.wait_for("thread")
    assert under(dan, root) == ["cai to bo", "bo"]


def test_public_likes_are_numbers_and_answers_are_noticed(room: Newsroom) -> None:
    ann, bo, cai, dan = people(room, "mian", count=4)
    root = on_square(ann, "root")
    assert bo.ask("like", **root)["likes"] == bo.ask("like", **root)["likes"] == 1
    assert cai.ask("like", **root)["likes"] == 2
    thread = ann.ask("thread", **root)
    assert (thread["likes"], thread.keys() & {"likers", "liked"}) == (2, set())
    assert bo.ask("thread", **root)["liked"]
    assert cai.ask("like", **root, liked=False)["likes"] == 1
    assert ann.ask("notices")["notices"] == []
    first = remark(bo, root, "bo")
    assert ann.wait_for("notice") == {"ev": "notice"}
    second = remark(ann, root, "ann to bo", answers=first)
    bo.wait_for("notice")
    remark(dan, root, "dan to ann", answers=second)
    ann.wait_for("notice")
    assert noticed(ann) == [("answer", dan.person), ("comment", bo.person)]
    (notice,) = bo.ask("notices")["notices"]
    assert ({"topic": notice["topic"], "seq": notice["seq"]}, notice["comment"]["comment"]) == (root, second)
    refused("not_allowed", dan, "comment.delete", comment=first)
    refused("not_found", dan, "comment.delete", comment="0" * 16)
    ann.ask("block", person=dan.person)
    assert under(ann, root) == under(dan, root) == ["dan to ann", "ann to bo", "bo"]
    for device in (bo, bo, ann):
        device.ask("comment.delete", comment=first)
    assert under(ann, root) == []
    assert noticed(ann) == noticed(bo) == []


def test_a_comment_is_withdrawn_and_restored_with_what_answers_it(room: Newsroom) -> None:
    ann, bo, cai = people(room, "nan", count=3)
    chief, root = room.officer("chief"), on_square(ann, "root")
    made = publish(bo, "comment", root["topic"], {"text": "bo"}, root=root["seq"])
    answer = remark(cai, root, "cai to bo", answers=made["comment"])
    ann.ask("thread", **root, live=True)
    assert chief.ask("officer.show", comment=made["comment"])["submission"]["submission"] == made["submission"]
    decide = {"item": made["submission"], "ground": "spam", "facts": "No."}
    chief.ask("officer.decide", **decide, act="withdraw")
    told = bo.wait_for("submission", lambda push: push["submission"].get("withdrawn", False))["submission"]
    assert (told["comment"], told["decision"]["facts"]) == (made["comment"], "No.")
    assert ann.wait_for("thread") == {"ev": "thread", **root}
    assert under(ann, root) == under(cai, root) == under(bo, root) == []
    refused("not_found", ann, "comment.select", comment=answer)
    not_said("not_found", cai, "comment", topic=root["topic"], root=root["seq"], answers=made["comment"])
    chief.ask("officer.decide", item=made["submission"], act="restore")
    ann.wait_for("thread")
    assert under(ann, root) == under(cai, root) == ["cai to bo", "bo"]
