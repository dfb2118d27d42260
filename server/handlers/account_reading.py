"""Reading public accounts: their pages and their articles. Anybody may, following or not."""

from dataclasses import dataclass
from datetime import tzinfo

from protocol.following import AccountPage, ArticleReply, Pages, PagesReply, ReadArticle
from server.days import read
from server.outcomes import NOT_FOUND, Answer, AskPublic, Caller, Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReading:
    """What readers ask of accounts. `zone`: whose days they are counted in."""

    zone: tzinfo

    def pages(self, request: Pages, caller: Caller, at: int) -> Decision:
        """Show accounts as anybody sees them."""

        def then(pages: tuple[AccountPage, ...]) -> Decision:
            return Answer(PagesReply(pages=pages))

        return AskPublic(lambda reader: reader.pages(request.topics, at=at), then)

    def article(self, request: ReadArticle, caller: Caller, at: int) -> Decision:
        """Open an article. Its readers are counted, each once a day, and not known."""

        def then(found: ArticleReply | None) -> Decision:
            if found is None:
                return NOT_FOUND
            return Answer(found, (read(request.topic, found.entry.seq, caller.person, at=at, zone=self.zone),))

        return AskPublic(lambda reader: reader.article(request.topic, request.seq), then)
