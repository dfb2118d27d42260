"""Public accounts as docs/PROTOCOL.md has them: a client that knows nothing else gets on with a real server."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.conformance import digests
from tests.conformance.client import refused
from tests.conformance.device import Map, new_cid, text
from tests.conformance.newsroom import Newsroom, comes_to, not_published, publish, shown

ARTICLE = {"title": "胡同天气", "summary": "今天", "author": "老王", "text": "今天是晴天。", "category": "life"}
RAIN = ARTICLE | {"text": "今天下雨。"}


@pytest.fixture(scope="module", params=["open", "cn-2014"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    room = Newsroom(tmp_path_factory.mktemp("room"), request.param)
    yield room
    room.close()


def origin(account: str, entry: Map) -> Map:
    """Return an article as a reprint names it."""
    return {"account": account, "seq": entry["seq"], "digest": shown(entry["body"])["digest"]}


def test_an_application_is_refused_said_anew_and_approved(room: Newsroom) -> None:
    ann, reader, officer = room.person("ann"), room.person("ann_reads"), room.officer()
    cid, application = new_cid(), room.application("老王说")
    account = ann.ask("account.apply", cid=cid, application=application)["account"]
    topic = account["topic"]
    assert topic.startswith("0")
    assert ann.ask("account.apply", cid=cid, application=application)["account"] == account
    refused("conflict", ann, "account.apply", cid=cid, application=room.application("老李说"))
    nobody = room.application("x", body="nobody")
    error = refused("bad_request", ann, "account.apply", cid=new_cid(), application=nobody)
    assert error["field"] == "application.body"
    refused("not_found", officer, "officer.application", topic=topic)
    refused("not_found", reader, "account.submit", topic=topic)
    assert ann.ask("account.submit", topic=topic)["account"]["due"] > time.time() * 1000
    refused("too_late", ann, "account.apply", cid=new_cid(), topic=topic, application=application)
    assert ann.ask("account.take_back", topic=topic)["account"]["state"] == "draft"
    ann.ask("account.submit", topic=topic)
    assert topic in [item.get("account") for item in officer.ask("officer.queue")["items"]]
    assert officer.ask("officer.application", topic=topic)["application"] == application
    refused("bad_request", officer, "officer.review", topic=topic, act="refuse")
    officer.ask("officer.review", topic=topic, act="refuse", ground="not_qualified", facts="No papers.")
    told = ann.wait_for("account")["account"]
    assert (told["state"], told["decision"]["kind"], told["decision"]["facts"]) == ("refused", "refuse", "No papers.")
    papers = room.application("老王说", qualifications=[{"kind": "licence", "number": "7"}])
    ann.ask("account.apply", cid=new_cid(), topic=topic, application=papers)
    ann.ask("account.submit", topic=topic)
    officer.ask("officer.review", topic=topic, act="approve")
    assert ann.wait_for("account")["account"]["state"] == "approved"
    assert ann.wait_for("topic")["summary"]["kind"] == "account"
    refused("not_found", reader, "follow", topic=topic)
    assert reader.ask("account", topics=[topic])["pages"] == []
    refused("not_found", reader, "history", topic=topic)
    not_published("not_allowed", ann, "broadcast", topic, ARTICLE)
    assert not_published("bad_request", ann, "account_profile", topic, {"title": "别的"})["field"] == "content.title"
    publish(ann, "account_profile", topic, {"title": "老王说"}, base=0)
    assert ann.wait_for_entry(topic, 1)["kind"] == "profile"
    assert [each["state"] for each in ann.ask("accounts")["accounts"]] == ["active"]
    same = ann.ask("account.apply", cid=new_cid(), application=room.application("老 王 说"))["account"]["topic"]
    assert refused("conflict", ann, "account.submit", topic=same)["field"] == "application.name"
    assert len(ann.ask("receipt", submission=topic)["verdicts"]) == 2


def test_readers_see_what_an_account_says_about_itself(room: Newsroom) -> None:
    bo, reader = room.person("bobo"), room.person("bobo_reads")
    topic = room.account(bo, "波波", tags=("北", "南"))
    menu = [
        {"label": "天气", "text": "晴"},
        {"label": "更多", "items": [{"label": "网", "link": "https://example.org/"}]},
    ]
    replies = [{"keywords": ["天气"], "text": "晴"}]
    publish(bo, "account_menu", topic, {"menu": menu})
    publish(bo, "account_welcome", topic, {"text": "欢迎"})
    publish(bo, "account_replies", topic, {"replies": replies})
    assert publish(bo, "account_welcome", topic, {"text": "欢迎您"}, base=1)["version"] == 2
    not_published("superseded", bo, "account_welcome", topic, {"text": "?"}, base=1)
    both = {"label": "x", "text": "y", "link": "https://example.org/"}
    not_published("bad_request", bo, "account_menu", topic, {"menu": [both]})
    (page,) = reader.ask("account", topics=[topic])["pages"]
    assert (page["type"], page["body"], page["head"]) == ("subscription", "person", 5)
    assert shown(page["profile"])["content"] == {"title": "波波", "text": "波波的公众号", "tags": ["北", "南"]}
    assert shown(page["menu"])["content"] == {"menu": menu}
    assert shown(page["welcome"])["content"] == {"text": "欢迎您"}
    assert shown(page["replies"])["content"] == {"replies": replies}
    assert "menu" not in reader.ask("account", topics=[topic, "0" * 16])["pages"][0]
    publish(bo, "account_menu", topic, {})
    assert shown(reader.ask("account", topics=[topic])["pages"][0]["menu"])["content"] == {}
    refused("not_allowed", bo, "recall", cid=new_cid(), topic=topic, target=2)
    assert {entry["sender"] for entry in reader.ask("history", topic=topic)["entries"]} == {topic}


def test_operators_do_what_their_role_allows_and_are_told_of_it(room: Newsroom) -> None:
    owner, editor, analyst, reader = (room.person(f"cai_{who}") for who in ("owns", "edits", "counts", "reads"))
    topic = room.account(owner, "菜市")
    for device, role in ((editor, "editor"), (analyst, "analyst")):
        owner.ask("account.operator", topic=topic, person=device.person, role=role)
        assert device.wait_for("topic")["summary"]["role"] == role
    refused("bad_request", owner, "account.operator", topic=topic, person=reader.person, role="owner")
    refused("not_allowed", editor, "account.operator", topic=topic, person=reader.person, role="editor")
    for op in ("drafts", "scheduled", "inbox"):
        refused("not_allowed", analyst, op, topic=topic)
    for op in ("account.figures", "account.acts", "account.operators", "topic"):
        analyst.ask(op, topic=topic)
        refused("not_found", reader, op, topic=topic)
    not_published("not_allowed", analyst, "article", topic, ARTICLE)
    not_published("not_found", reader, "article", topic, ARTICLE)
    seq = publish(editor, "article", topic, ARTICLE)["seq"]
    act = owner.wait_for("account.act", lambda push: push["act"]["act"] == "published")["act"]
    assert (act["by"], act["seq"]) == (editor.person, seq)
    last = owner.ask("submissions", topic=topic)["submissions"][0]
    assert (last["surface"], last["by"]) == ("article", editor.person)
    draft = new_cid()
    owner.ask("draft.save", topic=topic, draft=draft, body=b"one")
    editor.ask("draft.save", topic=topic, draft=draft, body=b"two")
    assert [(each["draft"], each["body"]) for each in owner.ask("drafts", topic=topic)["drafts"]] == [(draft, b"two")]
    owner.ask("draft.drop", topic=topic, draft=draft)
    assert owner.ask("drafts", topic=topic)["drafts"] == []
    assert editor.ask("account.operator", topic=topic, person=editor.person)["operators"] == []
    assert editor.wait_for("gone")["topic"] == topic
    acts = [each["act"] for each in owner.ask("account.acts", topic=topic, limit=4)["acts"]]
    assert acts == ["left", "published", "made_analyst", "made_editor"]


def test_a_card_is_followed_an_article_opened_edited_and_recalled(room: Newsroom) -> None:
    owner, editor, reader = (room.person(f"dou_{who}") for who in ("owns", "edits", "reads"))
    topic = room.account(owner, "豆汁")
    owner.ask("account.operator", topic=topic, person=editor.person, role="editor")
    assert reader.follow(topic)["head"] == 1
    first = publish(editor, "broadcast", topic, ARTICLE, reprintable=True)["seq"]
    card = reader.wait_for_entry(topic, first)
    assert (card["kind"], card["sender"], card["nth"]) == ("broadcast", topic, 1)
    held = shown(card["body"])
    assert held["content"] == {key: value for key, value in ARTICLE.items() if key != "text"}
    opened = reader.ask("article", topic=topic, seq=first)
    assert opened["entry"] == card
    assert shown(opened["body"])["content"] == ARTICLE
    assert digests.of_content(opened["body"]) == held["digest"]
    edit = {"target": first, "base": 1}
    second = publish(owner, "broadcast", topic, RAIN, **edit)["seq"]
    newer = shown(reader.wait_for_entry(topic, second)["body"])
    assert (newer["version"], newer.get("reprintable", False)) == (2, False)
    for seq in (first, second):
        assert digests.of_content(reader.ask("article", topic=topic, seq=seq)["body"]) == newer["digest"]
    not_published("superseded", editor, "broadcast", topic, ARTICLE, **edit)
    assert not_published("too_many", owner, "broadcast", topic, ARTICLE)["retry_after_ms"] <= 86_400_000
    assert owner.ask("accounts")["accounts"][0]["broadcasts_left"] == 0
    owner.write("recall", topic=topic, target=first)
    assert reader.wait_for_entry(topic, second + 1)["kind"] == "recall"
    refused("not_found", reader, "article", topic=topic, seq=first)
    assert [entry.get("erased") for entry in reader.ask("history", topic=topic, after=1, limit=2)["entries"]] == [
        True
    ] * 2


def test_a_tagged_broadcast_comes_elided_to_who_chose_another_tag(room: Newsroom) -> None:
    owner, north, south = (room.person(f"ding_{who}") for who in ("owns", "north", "south"))
    topic = room.account(owner, "丁字街", tags=("北", "南"), type="service")
    refused("bad_request", north, "follow", topic=topic, tag="东")
    north.follow(topic, tag="北")
    south.follow(topic, tag="南")
    cards = [publish(owner, "broadcast", topic, ARTICLE, tag="北")["seq"] for _ in range(4)]
    edit = publish(owner, "broadcast", topic, RAIN, target=cards[0], base=1)["seq"]
    for seq in (*cards, edit):
        assert north.wait_for_entry(topic, seq)["tag"] == "北"
        assert south.wait_for_entry(topic, seq) == {"topic": topic, "seq": seq, "elided": True}
    assert "retry_after_ms" in not_published("too_many", owner, "broadcast", topic, ARTICLE, tag="北")
    assert "retry_after_ms" in not_published("too_many", owner, "broadcast", topic, ARTICLE)
    last = publish(owner, "broadcast", topic, ARTICLE, tag="南")["seq"]
    assert south.wait_for_entry(topic, last)["tag"] == "南"
    assert "elided" in north.wait_for_entry(topic, last)
    south.follow(topic, tag="北")
    south.line.drop()
    south.topics.pop(topic)
    south.resume()
    assert [entry.get("tag") for entry in south.topics[topic].entries.values()] == ["北", "北", None]
    assert [entry["kind"] for entry in south.ask("history", topic=topic, after=edit)["entries"]] == ["broadcast"]


def test_a_reprint_names_every_hop_and_is_marked_while_its_source_is_gone(room: Newsroom) -> None:
    people = [room.person(f"er_{who}") for who in ("first", "second", "third")]
    reader, chief = room.person("er_reads"), room.officer("chief")
    one, two, three = (
        room.account(person, name, type="service") for person, name in zip(people, "耳二儿", strict=True)
    )
    reader.follow(three)
    ann, bo, cai = people
    source = publish(ann, "broadcast", one, ARTICLE, reprintable=True)
    first = origin(one, ann.wait_for_entry(one, source["seq"]))
    not_published("bad_request", ann, "reprint", one, ARTICLE, source=first)
    assert not_published("conflict", bo, "reprint", two, RAIN, source=first)["field"] == "source"
    not_published("conflict", bo, "reprint", two, ARTICLE, source=first | {"digest": bytes(32)})
    again = publish(bo, "reprint", two, ARTICLE, source=first, reprintable=True)["seq"]
    second = origin(two, bo.wait_for_entry(two, again))
    last = publish(cai, "reprint", three, ARTICLE, source=second)["seq"]
    card = reader.wait_for_entry(three, last)
    assert card["kind"] == "broadcast"
    assert shown(card["body"])["source"] == {"hops": [first, second], "author": "老王", "title": "胡同天气"}
    not_published("not_allowed", ann, "reprint", one, ARTICLE, source=origin(three, card))
    refused(
        "not_allowed",
        room.officer(),
        "officer.decide",
        item=source["submission"],
        act="withdraw",
        ground="spam",
        facts="?",
    )
    chief.ask("officer.decide", item=source["submission"], act="withdraw", ground="spam", facts="No.")
    mark = reader.wait_for_entry(three, last + 1)
    assert (mark["kind"], mark["target"]) == ("source_withdrawn", last)
    assert reader.ask("article", topic=three, seq=last)["source_withdrawn"]
    refused("not_found", reader, "article", topic=one, seq=source["seq"])
    not_published("not_allowed", ann, "reprint", one, ARTICLE, source=second)
    chief.ask("officer.decide", item=source["submission"], act="restore")
    assert reader.wait_for_entry(three, last + 2)["kind"] == "source_restored"
    ann.write("recall", topic=one, target=source["seq"])
    assert reader.wait_for_entry(three, last + 3)["kind"] == "source_withdrawn"
    assert shown(reader.ask("article", topic=three, seq=last)["body"])["content"] == ARTICLE


def test_current_affairs_need_a_right_where_the_pack_asks_for_one(room: Newsroom) -> None:
    fan, reader = room.person("fang"), room.person("fang_reads")
    topic, news = room.account(fan, "方砖"), ARTICLE | {"category": "current_affairs"}
    gate = fan.ask("gate")
    if "news_right" not in gate["stages"]["article"]:
        assert "current_affairs" not in gate["categories"]
        assert not_published("bad_request", fan, "article", topic, news)["field"] == "content.category"
        return
    not_published("not_allowed", fan, "article", topic, news)
    day = datetime.now(UTC).date().isoformat()
    number = room.command("approvals", "add", topic, "--issuer", "an office", "--number", "17", "--date", day).strip()
    assert publish(fan, "article", topic, news)["state"] == "published"
    (page,) = reader.ask("account", topics=[topic])["pages"]
    assert (page["label"], page["approval"]) == ("publish", "an office, 17")
    room.command("approvals", "end", number)
    not_published("not_allowed", fan, "article", topic, news)
    paper = room.account(fan, "方报", body="news_organisation")
    assert publish(fan, "article", paper, news)["state"] == "published"


def test_what_is_scheduled_appears_when_due(room: Newsroom) -> None:
    owner, reader = room.person("gao"), room.person("gao_reads")
    topic = room.account(owner, "高处")
    reader.follow(topic)
    publish(owner, "broadcast", topic, ARTICLE)
    now, cids = int(time.time() * 1000), [new_cid() for _ in range(3)]
    soon, later = (
        {"topic": topic, "due": now + 200, "content": RAIN},
        {"topic": topic, "due": now + 10**7, "content": RAIN},
    )
    over = owner.ask("schedule", cid=cids[0], **soon)["item"]
    owner.ask("schedule", cid=cids[1], broadcast=False, **soon)
    assert owner.ask("schedule", cid=cids[0], **soon)["item"] == over
    owner.ask("schedule", cid=cids[2], **later)
    refused("conflict", owner, "schedule", cid=cids[2], **later | {"due": now + 10**8})
    refused("bad_request", owner, "schedule", cid=new_cid(), **later | {"due": 1})
    owner.ask("unschedule", topic=topic, item=cids[2])
    refused("not_found", owner, "unschedule", topic=topic, item=cids[2])
    appeared = reader.wait_for_entry(topic, 3)
    assert (appeared["kind"], appeared["cid"]) == ("article", cids[1])
    assert owner.wait_for("submission")["submission"]["state"] == "published"
    owner.ask("schedule", cid=cids[1], broadcast=False, **soon)
    comes_to([over | {"failed": "too_many"}], owner, "scheduled", "items", topic=topic)


def test_a_follower_writes_and_the_account_answers(room: Newsroom) -> None:
    owner, editor, follower, other = (room.person(f"hua_{who}") for who in ("owns", "edits", "follows", "looks"))
    topic = room.account(owner, "花市")
    owner.ask("account.operator", topic=topic, person=editor.person, role="editor")
    for device in (other, owner):
        refused("not_accepted", device, "send", cid=new_cid(), to=topic, body=text("你好"))
    follower.follow(topic)
    dialogue = follower.write("send", to=topic, body=text("你好"))["topic"]
    summary = follower.wait_for("topic")["summary"]
    assert (summary["kind"], summary["side"], summary["account"]) == ("dialogue", "private", topic)
    assert editor.wait_for("inbox") == {"ev": "inbox", "topic": topic, "dialogue": dialogue}
    (waiting,) = owner.ask("inbox", topic=topic)["dialogues"]
    assert (waiting["person"], waiting["handle"], waiting["waiting"]) == (follower.person, "hua_follows", True)
    refused("wrong_side", owner, "inbox", topic=dialogue)
    seq = editor.write("inbox.answer", topic=topic, dialogue=dialogue, body=text("您好"))["seq"]
    answer = follower.wait_for_entry(dialogue, seq)
    assert (answer["sender"], answer["body"]) == (topic, text("您好"))
    page = owner.ask("inbox.show", topic=topic, dialogue=dialogue)
    assert page["entries"] == [follower.topics[dialogue].entries[1], answer]
    assert page["answered"] == [{"seq": seq, "by": editor.person}]
    assert not owner.ask("inbox", topic=topic)["dialogues"][0]["waiting"]
    refused("not_found", editor, "history", topic=dialogue)
    follower.unfollow(topic)
    refused("not_accepted", follower, "send", cid=new_cid(), topic=dialogue, body=text("?"))
    assert owner.write("inbox.answer", topic=topic, dialogue=dialogue, body=text("再见"))["seq"] == 3


def test_what_is_read_and_shared_is_counted_and_two_characters_find_it(room: Newsroom) -> None:
    owner, reader = room.person("jishi"), room.person("jishi_reads")
    topic = room.account(owner, "集市", tags=("早",))
    reader.follow(topic, tag="早")
    seq = publish(owner, "article", topic, ARTICLE | {"text": "鼓楼东边有豆腐脑。"})["seq"]
    for _ in range(2):
        reader.ask("article", topic=topic, seq=seq)
    place = reader.write("group.found_public")["topic"]
    forwarded = origin(topic, reader.wait_for_entry(topic, seq))
    said = publish(reader, "group_message", place, {"text": "看看"}, source=forwarded)["seq"]
    assert shown(reader.wait_for_entry(place, said)["body"])["source"]["hops"] == [forwarded]
    figures = owner.ask("account.figures", topic=topic)
    assert (figures["followers"], figures["tags"]) == (1, {"早": 1})
    today = datetime.now(UTC).date().isoformat()
    comes_to([{"seq": seq, "day": today, "reads": 1, "shares": 1}], owner, "account.figures", "days", topic=topic)
    found = reader.ask("search", query="豆腐")["found"]
    assert [(each["kind"], each["topic"], each["seq"]) for each in found] == [("article", topic, seq)]
    assert "豆腐" in found[0]["excerpt"]
    assert reader.ask("search", query="集市", kinds=["account"])["found"][0]["topic"] == topic
    owner.write("recall", topic=topic, target=seq)
    assert reader.ask("search", query="豆腐")["found"] == []
    refused("bad_request", reader, "search", query=" ")


def test_all_devices_follow_and_come_back_to_a_server_that_was_killed(room: Newsroom) -> None:
    owner, phone = room.person("kang"), room.person("kang_reads")
    laptop, one, two = room.another_device("kang_reads"), room.account(owner, "康家"), room.account(owner, "康庄")
    phone.follow(one)
    assert laptop.wait_for("follow")["follow"]["topic"] == one
    phone.follow(two, muted=True)
    assert laptop.wait_for("follow")["follow"]["muted"]
    cid = new_cid()
    seq = publish(owner, "broadcast", one, ARTICLE, cid=cid)["seq"]
    for device in (phone, laptop):
        device.wait_for_entry(one, seq)
    phone.unfollow(two)
    assert laptop.wait_for("unfollow")["mark"] == phone.follows_mark
    assert laptop.ask("follows", mark=laptop.follows_mark).keys() == {"re", "mark"}
    assert phone.ask("sync", side="public", heads={two: 0})["gone"] == [two]
    refused("resync", phone, "sync", side="public", heads={one: 99})
    room.kill()
    room.start()
    room.back(owner)
    assert publish(owner, "broadcast", one, ARTICLE, cid=cid)["seq"] == seq
    missed = [publish(owner, "article", one, ARTICLE)["seq"] for _ in range(4)]
    laptop.epochs["public"] = "another"  # As after a restored backup: what it knows of the public side is forgotten.
    for device in (phone, laptop):
        room.back(device)
    new = room.another_device("kang_reads")
    for device in (laptop, new):
        assert (device.topics[one].gaps, sorted(device.topics[one].entries)) == ([(1, 3)], missed[1:])
        device.fill(one)
    live = publish(owner, "article", one, RAIN)["seq"]
    for device in (phone, laptop, new):
        device.wait_for_entry(one, live)
        assert device.followed.keys() == {one}
    owner.wait_for_entry(one, live)
    assert laptop.topics[one].entries == new.topics[one].entries == owner.topics[one].entries
    assert phone.topics[one].entries == {seq: entry for seq, entry in owner.topics[one].entries.items() if seq > 1}
