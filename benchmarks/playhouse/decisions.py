"""What a decision has to say to its addressee, and how it is said in a line."""

from protocol.decisions import Decision


def is_whole(decision: Decision | None) -> bool:
    """Say whether a decision has all one needs to understand and contest it, whatever it is about."""
    if decision is None:
        return False
    return all((decision.clause, decision.agreement, decision.facts, decision.by, decision.appeal))


def in_a_line(decision: Decision | None) -> str:
    """Return what a decision stands on, and whose it is."""
    if decision is None:
        return "no decision"
    return " · ".join(part for part in (decision.clause, decision.bottom_line, f"by {decision.by}") if part)
