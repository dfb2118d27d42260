"""The client's rule for one topic: every entry once, in order. No clock, no socket, no cache."""

from protocol.entries import Entry
from protocol.errors import GapError
from protocol.ids import Seq

HELD = 1024  # Beyond that an early entry is let go: the sync that fills the gap brings it again.


class TopicOrder:
    """Entries up to `have` are known, or known to be missing; those that came too early are held."""

    def __init__(self, have: Seq) -> None:
        self.have = have
        self._held: dict[Seq, Entry] = {}

    def admit(self, entry: Entry) -> list[Entry]:
        """Return what is new in order now that `entry` is here; a repeat gives nothing.

        Raises:
            GapError: An entry before this one never came. `entry` is held until it has.
        """
        if entry.seq > self.have + 1:
            if len(self._held) < HELD:
                self._held[entry.seq] = entry
            raise GapError(want=Seq(self.have + 1), got=entry.seq)
        if entry.seq <= self.have:
            return []
        self.have = entry.seq
        return [entry, *self._release()]

    def skip(self, to: Seq) -> list[Entry]:
        """Count everything up to `to` as known (it is in a gap, or hidden), and return what is in order after it."""
        if to <= self.have:
            return []
        self.have = to
        return self._release()

    @property
    def waiting(self) -> bool:
        """Whether something came too early and still waits for what is before it."""
        return bool(self._held)

    def _release(self) -> list[Entry]:
        released = []
        while held := self._held.pop(Seq(self.have + 1), None):
            released.append(held)
            self.have = held.seq
        self._held = {seq: entry for seq, entry in self._held.items() if seq > self.have}
        return released
