"""How often what may be asked: token buckets by connection, address, person and operation. Time is an argument.

The buckets are kept as GCRA does (ITU-T I.371 Annex A): per key one number, the time at which the bucket will be full
again. It says the same as a count of tokens and the time of the last refill, and a take is one lookup and one store.
"""

import math
from collections.abc import Callable, Hashable

from protocol.frames import REQUESTS
from protocol.ids import PersonId
from server.addresses import LOOPBACK, network
from server.config import RateSettings
from server.settings import Rate

KEYS_MAX = 200_000  # In one generation of one limiter: some 20 MiB. More than that is an attack from everywhere.


class Limiter:
    """Token buckets of one rate, one bucket a key, all full at first.

    A bucket that nobody took from for a whole period is full, and a full bucket need not be remembered: keys are kept
    in two generations, and every period the older one is dropped in one go. So memory is bounded by the keys of two
    periods and, when those are too many, by `keys_max`: then the oldest are forgotten early. That fails open, because
    to shut everybody out is what such an attacker wants.
    """

    __slots__ = ("_interval", "_keys_max", "_new", "_old", "_period", "_turn_at", "_window")

    def __init__(self, rate: Rate, *, keys_max: int = KEYS_MAX) -> None:
        self._period = rate.period_s
        self._interval = rate.period_s / rate.tokens if rate.tokens else 0.0
        self._window = self._period - self._interval + 1e-9  # A hair, so that rounding costs nobody their last token.
        self._keys_max = keys_max
        self._new: dict[Hashable, float] = {}
        self._old: dict[Hashable, float] = {}
        self._turn_at = -math.inf

    def take(self, key: Hashable, now: float) -> int:
        """Take one token from `key`'s bucket at `now` (seconds, never running backwards).

        Returns:
            0; or, when there is none and nothing was taken, the milliseconds until there will be one.
        """
        interval = self._interval
        if not interval:
            return 0
        if now >= self._turn_at:
            self._turn(now)
        full_at = self._new.get(key)
        if full_at is None:
            full_at = self._old.get(key, now)
            if len(self._new) >= self._keys_max:
                self._turn(now)
        if full_at <= now:
            self._new[key] = now + interval
            return 0
        late = full_at - now - self._window
        if late > 0:
            self._new[key] = full_at
            return math.ceil(late * 1000)
        self._new[key] = full_at + interval
        return 0

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._new) + len(self._old)

    def _turn(self, now: float) -> None:
        # After a turn later than planned, the newer generation may be all full too; the next turn drops it.
        self._old, self._new = self._new, {}
        self._turn_at = now + self._period


BY_PERSON: dict[str, frozenset[str]] = {
    "send": frozenset({"send", "edit", "recall", "react", "inbox.answer", "comment", "moment.post"}),
    "group": frozenset(op for op in REQUESTS if op.startswith("group.")),
    "contact": frozenset({"contact.ask"}),
    "lookup": frozenset({"people", "search"}),
    "publish": frozenset({"publish", "take_back", "schedule"}),
    "fetch": frozenset({"sync", "history", "topic", "receipts", "watch", "devices", "blocks"})
    | {"cards", "submissions", "receipt", "account", "article", "gate", "audit", "agreement", "inbox", "inbox.show"}
    | {"follows", "drafts", "scheduled", "account.figures", "accounts", "account.operators", "account.acts"}
    | {"contacts", "private_cards", "thread", "notices", "moment", "moments", "timeline"},
    "marks": frozenset({"read", "set_topic", "clear", "set_preferences", "block", "unblock", "revoke_device"})
    | {"agreement.sign", "follow", "unfollow", "draft.save", "draft.drop", "unschedule"}
    | {"account.apply", "account.submit", "account.take_back", "account.operator"}
    | {"contact.withdraw", "contact.accept", "contact.refuse", "contact.remove", "contact.remark", "contact.hide"}
    | {"private_card", "like", "comment.delete", "comment.select", "thread.close", "thread.choose", "notices.read"}
    | {"moment.narrow", "moment.delete"},
    "typing": frozenset({"typing"}),
    "login": frozenset({"change_password"}),
}
BY_ADDRESS: dict[str, frozenset[str]] = {
    "register": frozenset({"register"}),
    "login": frozenset({"login", "staff.login"}),
    "resume": frozenset({"resume"}),
}
# Once a connection, or by staff, who are few and known: the rates for all requests are enough.
UNCLASSED = frozenset({"hello", "logout"}) | {op for op in REQUESTS if op.startswith("officer.")}


class Limits:
    """Whether a request may be made now. What is refused by operation has still counted as a request."""

    def __init__(self, rates: RateSettings) -> None:
        self._connections = Limiter(rates.per_connection).take
        self._people = Limiter(rates.per_person).take
        self._addresses = Limiter(rates.per_address).take
        self._handles = Limiter(rates.login).take
        self._by_person = _takes(rates, BY_PERSON)
        self._by_address = _takes(rates, BY_ADDRESS)

    def admit(
        self,
        operation: str,
        *,
        connection: Hashable,
        person: PersonId | None,
        address: str,
        now: float,
        handle: str | None = None,
    ) -> int:
        """Count one request of `operation` at `now` (monotonic seconds) and say whether it may go on.

        `handle` is the one a `login` names, normalised: guesses at one account count together, wherever they come from.

        Returns:
            0; or the milliseconds after which it is worth trying again.
        """
        address = network(address)
        near = address is LOOPBACK
        wait = self._connections(connection, now) or (0 if near else self._addresses(address, now))
        if wait:
            return wait
        if person is not None:
            take = self._by_person.get(operation)
            return self._people(person, now) or (take(person, now) if take is not None else 0)
        take = self._by_address.get(operation)
        wait = take(address, now) if take is not None and not near else 0
        if not wait and handle is not None:
            wait = self._handles(handle, now)
        return wait


def _takes(rates: RateSettings, classes: dict[str, frozenset[str]]) -> dict[str, Callable[[Hashable, float], int]]:
    takes: dict[str, Callable[[Hashable, float], int]] = {}
    for name, operations in classes.items():
        take = Limiter(getattr(rates, name)).take
        takes.update(dict.fromkeys(operations, take))
    return takes
