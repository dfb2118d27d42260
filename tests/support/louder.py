"""`tests.support.loud`, and rooms of the public side that fail as well, quoting all that they were given."""

from server.gatekeeper import Gatekeeper
from server.handlers.publishing import Publishing
from server.store import gate, submissions
from tests.support import loud

PUBLISHING, KEEPING, JUDGING, CONCLUDING = (
    b"trip the publishing",
    b"trip the keeping",
    b"trip the gate",
    b"trip the end",
)
loud.FAULTS |= {
    PUBLISHING: (Publishing, "publish"),
    KEEPING: (submissions, "encode_content"),
    JUDGING: (Gatekeeper, "judge"),
    CONCLUDING: (gate, "decode_content"),
}

if __name__ == "__main__":
    loud.main()
