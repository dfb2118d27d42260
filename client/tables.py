"""The cache's tables: made when there are none, brought up to date when an older version made them."""

from sqlite_utils import Database

from protocol.entries import Entry

ENTRY_FIELDS = Entry.__struct_fields__


def create(database: Database) -> None:
    """Make every table that is not there; add what a table of an older version lacks."""
    entry: dict[str, type] = dict.fromkeys(ENTRY_FIELDS, int)
    entry |= {
        "topic": str,
        "kind": str,
        "sender": str,
        "cid": bytes,
        "body": bytes,
        "person": str,
        "role": str,
        "tag": str,
    }
    entry["openness"] = bytes  # MessagePack.
    tables: dict[str, tuple[dict[str, type], str | tuple[str, ...]]] = {
        "notes": ({"key": str, "value": str}, "key"),
        "topics": ({"topic": str, "have": int, "seated": int, "moved_at": int, "summary": bytes}, "topic"),
        "entries": (entry, ("topic", "seq")),
        "gaps": ({"topic": str, "first": int, "last": int}, ("topic", "first")),
        "people": ({"person": str, "handle": str}, "person"),
        "contacts": ({"person": str, "mark": int, "contact": bytes}, "person"),
        "follows": ({"topic": str, "follow": bytes}, "topic"),
        "accounts": ({"topic": str, "name": str, "page": bytes}, "topic"),
        "shown": ({"reference": str, "shape": str, "head": str, "number": int}, "reference"),
        "submissions": ({"cid": bytes, "number": int, "submission": bytes}, "cid"),
    }
    for name, (columns, key) in tables.items():
        table = database.table(name)
        table.create(columns, pk=key, if_not_exists=True, strict=True)
        for column in columns.keys() - table.columns_dict.keys():
            table.add_column(column, columns[column])
    database.execute("CREATE INDEX IF NOT EXISTS entries_target ON entries (topic, target) WHERE target IS NOT NULL")
    database.execute("CREATE INDEX IF NOT EXISTS entries_cid ON entries (cid) WHERE cid IS NOT NULL")
    database.execute("CREATE INDEX IF NOT EXISTS people_handle ON people (handle)")
    database.execute("CREATE INDEX IF NOT EXISTS shown_head ON shown (shape, head)")
    database.execute("CREATE INDEX IF NOT EXISTS shown_number ON shown (number)")
