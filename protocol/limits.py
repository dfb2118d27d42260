"""Bounds of the wire. `hello` announces those a server may configure; the rest are part of `hutong.v1`."""

MESSAGE_BYTES = 64 * 1024  # A WebSocket message towards the server.
SLICE_BYTES = 256 * 1024  # Bytes of entries and summaries in one reply to `sync` or `history`.
BODY_BYTES = 32 * 1024
NAME_BYTES = 256
NOTICE_BYTES = 4 * 1024
GREETING_BYTES = 1024
REACTION_BYTES = 256

HANDLE_CHARS = 32
HANDLE_CHARS_MIN = 3
PASSWORD_CHARS = 256
PASSWORD_CHARS_MIN = 8
DEVICE_NAME_CHARS = 64
TOKEN_CHARS = 64
LINK_CHARS = 64
CODE_CHARS = 128

COLLECTION_ITEMS = 4096  # In any one MessagePack array or map.
NESTING_DEPTH = 1024  # Arrays and maps inside each other, the message itself counted: the depth of msgpack's stack.
HEADS = 2000  # Topics named in one `sync` or `resume`.
LOOKUP_PEOPLE = 200
WATCHED_PEOPLE = 500
BLOCKED_PEOPLE = 2000
INVITED_AT_FOUNDING = 100
HISTORY_ENTRIES = 200
RELATED_ENTRIES = 1000

SEQ_MAX = 2**53 - 1  # The largest integer every language's numbers hold.

PRIVATE_GROUP_MEMBERS = 500
RECEIPTS_BY_PERSON_MEMBERS = 50  # Larger groups give their authors counts only.

PUBLIC_GROUP_MEMBERS = 100_000
MEMBERS_SHOWN = 1000  # In one reply: those who came first, and of a private group all, who waits outside included.
TITLE_CHARS = 128
TEXT_CHARS = 8000  # Of one publication, all its parts counted apart.
PLACE_NAME_CHARS = 64  # Of a public group, or of somebody there, or on a card.
PLACE_NOTICE_CHARS = 2000
PLACE_LISTING_CHARS = 1000
BIO_CHARS = 500
PARTS = 32
CATEGORY_CHARS = 64
LANGUAGE_CHARS = 35  # A BCP 47 tag (RFC 5646 §4.4.1).
URL_CHARS = 2048
LABELS = 16
LABEL_CHARS = 32
QUERY_CHARS = 64
LISTINGS = 50
SUBMISSIONS = 100  # In one reply.
BOTTOM_LINES = 16
STAFF_CODE_CHARS = 32
REASON_CHARS = 1000
PLACES_FOUND = 32  # Stretches of text that one decision points at.
