"""What one connection still owes its reader: whole frames, the first of them perhaps partly gone. No socket."""

FRAMES_A_WRITE = 1024  # IOV_MAX of Linux and macOS.

Piece = bytes | memoryview


class Outbox:
    """Frames in order. `unsent`: their bytes that have not been written."""

    __slots__ = ("_frames", "_gone", "unsent")

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._gone = 0  # Bytes of the first frame that are written already.
        self.unsent = 0

    @property
    def untouched(self) -> int:
        """The bytes of the frames of which nothing is written."""
        return self.unsent - len(self._frames[0]) + self._gone if self._gone else self.unsent

    def put(self, frame: bytes) -> None:
        self._frames.append(frame)
        self.unsent += len(frame)

    def batch(self) -> list[Piece]:
        """Return what the next write should offer."""
        pieces: list[Piece] = self._frames[:FRAMES_A_WRITE]  # type: ignore[assignment]  # A list of its own.
        if self._gone:
            pieces[0] = memoryview(self._frames[0])[self._gone :]
        return pieces

    def written(self, count: int) -> None:
        """Forget `count` bytes from the front."""
        self.unsent -= count
        if not self.unsent:
            self._frames.clear()
            self._gone = 0
            return
        count += self._gone
        whole = 0
        while count >= (length := len(self._frames[whole])):
            count -= length
            whole += 1
        del self._frames[:whole]
        self._gone = count

    def drop_whole(self) -> None:
        """Forget every frame of which nothing is written; the rest of a begun one keeps the stream readable."""
        del self._frames[1 if self._gone else 0 :]
        self.unsent = sum(map(len, self._frames)) - self._gone

    def clear(self) -> None:
        self._frames.clear()
        self._gone = self.unsent = 0
