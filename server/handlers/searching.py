"""Searching what is public. What somebody looks for is kept nowhere."""

from protocol.errors import ErrorCode
from protocol.following import Search
from server.outcomes import Answer, AskPublic, Caller, Decision, Refuse

_NOTHING = Refuse(ErrorCode.BAD_REQUEST, "say what to look for", field="query")


class Searching:
    """Answers searches."""

    def search(self, request: Search, caller: Caller, at: int) -> Decision:
        """Find accounts, articles and listed groups."""
        query = request.query.strip()
        if not query:
            return _NOTHING
        return AskPublic(
            lambda reader: reader.search(query, kinds=request.kinds, offset=request.offset, limit=request.limit), Answer
        )
