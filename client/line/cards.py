"""How an article is named in one or two lines, and what names it in a private message. Values in, lines out."""

import re
from typing import Any

from rich.text import Text

from client.line.safe import visible
from protocol.ids import ID_CHARS, PUBLIC_MARK, Seq, TopicId
from protocol.publications import Published

_URI = re.compile(rf"\bhutong:({PUBLIC_MARK}[a-z2-7]{{{ID_CHARS - 1}}})/([1-9]\d{{0,15}})\b")


def uri(account: TopicId, seq: Seq) -> str:
    """Return what names an article in a private message. It is a reference: whoever reads it may open it."""
    return f"hutong:{account}/{seq}"


def named_in(text: str) -> list[tuple[TopicId, Seq]]:
    """Return the articles that `text` names, each once."""
    return list(dict.fromkeys((TopicId(account), Seq(int(seq))) for account, seq in _URI.findall(text)))


def headline(published: Published) -> Text:
    """Return title and byline of an article."""
    content = published.content
    line = Text(visible(content.title) or "(without a title)", style="bold")
    if content.author:
        line.append(f" by {visible(content.author)}", style="not bold dim")
    if published.source is not None:
        line.append(" (reprint)", style="not bold dim")
    return line


def article_json(published: Published) -> dict[str, Any]:
    """Return what a card or an article says beside its text, as JSON: only what there is."""
    content, source = published.content, published.source
    fields: dict[str, Any] = {
        "title": content.title,
        "summary": content.summary,
        "author": content.author,
        "category": content.category,
        "lang": content.lang,
        "reprintable": published.reprintable,
        "digest": published.digest.hex() if published.digest is not None else "",
    }
    if source is not None:
        hops = [{"account": hop.account, "seq": hop.seq, "digest": hop.digest.hex()} for hop in source.hops]
        fields["source"] = {"hops": hops, "author": source.author, "title": source.title}
    return {name: value for name, value in fields.items() if value}
