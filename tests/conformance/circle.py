"""People who know each other, what they say among themselves, and what they see. Nothing of hutong's own code."""

import time

import msgpack

from tests.conformance.device import Device, Map, text
from tests.conformance.newsroom import Newsroom

NOBODY = "a" * 16
TWO_WAYS = ("moment", "like", "thread", "thread.close")  # Operations that name a moment, or a topic and an entry.


def people(room: Newsroom, street: str, *, count: int) -> list[Device]:
    """Return so many new people who know nobody."""
    return [room.person(f"{street}_{name}") for name in ("ann", "bo", "cai", "dan")[:count]]


def befriend(one: Device, *others: Device) -> None:
    for other in others:
        one.ask("contact.ask", person=other.person)
        told(other, one, "asking")
        other.ask("contact.accept", person=one.person)
        told(one, other, "contact")


def told(device: Device, of: Device, state: str) -> Map:
    """Return the push that says how `of` stands to `device` now."""
    return device.wait_for(
        "contact", lambda push: (push["contact"]["person"], push["contact"]["state"]) == (of.person, state)
    )


def stands(device: Device, other: Device) -> Map:
    """Return the row about `other` in a list read from the beginning."""
    rows = device.ask("contacts")["contacts"]
    return next(row for row in rows if row["person"] == other.person)


def let_a_millisecond_pass() -> None:
    """Return once the clock, which is the server's as well, shows another one: what is of the same is in any order."""
    now = time.time_ns() // 10**6
    while time.time_ns() // 10**6 == now:
        pass


def post(device: Device, said: str, **audience: list[str]) -> str:
    let_a_millisecond_pass()
    moment: str = device.write("moment.post", body=text(said), **audience)["moment"]["moment"]
    return moment


def comment(device: Device, moment: str, said: str, **answers: str) -> str:
    let_a_millisecond_pass()
    made: str = device.write("comment", moment=moment, body=text(said), **answers)["comment"]["comment"]
    return made


def seen(device: Device, op: str = "timeline", part: str = "moments", **fields: object) -> list[str]:
    """Return what all pages of a list say, two at a time."""
    said, before, complete = [], "", False
    while not complete:
        page = device.patiently(op, **fields, limit=2, before=before)
        said += [msgpack.unpackb(each["body"])["text"] for each in page[part]]
        complete, before = page["complete"], page.get("before", "")
        assert complete == (not before)
        assert len(before) <= 128
        assert complete or len(page[part]) == 2
    return said


def under(device: Device, moment: str) -> list[str]:
    return seen(device, "thread", "comments", moment=moment)


def noticed(device: Device) -> list[tuple[str, str]]:
    """Return who did what, of the notices that there are, newest first."""
    return [(notice["kind"], notice["by"]) for notice in device.ask("notices")["notices"]]


def hinted(device: Device, moment: str) -> Map:
    """Return the moment that a push has shown."""
    shown: Map = device.wait_for("moment", lambda push: push["moment"].get("moment") == moment)["moment"]
    return shown
