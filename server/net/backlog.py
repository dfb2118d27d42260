"""How much is unsent to peers that are behind with their reading, and whom to give up on. Decides; the poller acts."""

from server.net.link import Link


class Backlog:
    """What stalled links owe, in bytes: each at most `link_bytes`, all of them at most `all_bytes`.

    The rest of a frame that is begun cannot be taken back, so it does not count against its own link.
    """

    def __init__(self, *, link_bytes: int, all_bytes: int) -> None:
        self._link_bytes = link_bytes
        self._all_bytes = all_bytes
        self._unsent: dict[Link, int] = {}
        self.total = 0

    def weigh(self, link: Link) -> None:
        """Count anew what `link` owes."""
        self.forget(link)
        if link.stalled and link.outbox.unsent:
            self._unsent[link] = link.outbox.unsent
            self.total += link.outbox.unsent

    def forget(self, link: Link) -> None:
        self.total -= self._unsent.pop(link, 0)

    def too_slow(self, link: Link) -> Link | None:
        """Return `link` if it owes too much, else, while all together do, whoever owes most."""
        if link in self._unsent and link.outbox.untouched > self._link_bytes:
            return link
        if self.total > self._all_bytes:
            return max(self._unsent, key=self._unsent.__getitem__)
        return None
