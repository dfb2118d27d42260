"""The rules of every operation, as the server under test has them: tests that sweep all of them begin here."""

from contextlib import closing

from server.dispatch import Rules
from tests.support.inline import InlineServer


def _rules() -> Rules:
    with closing(InlineServer()) as server:
        return server.engine._dispatch._rules


RULES = _rules()
