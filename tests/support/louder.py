"""`tests.support.loud`, and rooms of the public side that fail as well, quoting all that they were given."""

from server.gatekeeper import Gatekeeper
from server.handlers.inbox import Inboxes
from server.handlers.public_accounts import PublicAccounts
from server.handlers.publishing import Publishing
from server.handlers.searching import Searching
from server.store import drafts, gate, search, submissions
from server.store.accounts import Accounts
from tests.support import loud

PUBLISHING, KEEPING, JUDGING, CONCLUDING = (
    b"trip the publishing",
    b"trip the keeping",
    b"trip the gate",
    b"trip the end",
)
APPLYING, REVIEWING, ANSWERING, DRAFTING, PLANNING, SEARCHING, FINDING = (
    b"trip the applying",
    b"trip the desk",
    b"trip the inbox",
    b"trip the drawer",
    b"trip the plan",
    b"trip the search",
    b"trip the index",
)
loud.FAULTS |= {
    PUBLISHING: (Publishing, "publish"),
    KEEPING: (submissions, "encode_content"),
    JUDGING: (Gatekeeper, "judge"),
    CONCLUDING: (gate, "decode_content"),
    APPLYING: (PublicAccounts, "apply"),
    REVIEWING: (Accounts, "apply"),
    ANSWERING: (Inboxes, "answer"),
    DRAFTING: (drafts, "put_draft"),
    PLANNING: (drafts, "plan"),
    SEARCHING: (Searching, "search"),
    FINDING: (search, "search"),
}

if __name__ == "__main__":
    loud.main()
