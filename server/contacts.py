"""What tells people's devices how somebody stands to them now."""

from protocol.contacts import ContactPush
from server.outcomes import Tell
from server.store.contact_writes import Stands


def told(stands: Stands) -> Tell:
    """Return what tells somebody's devices, but for the one that asked, how a contact stands to them now."""
    return Tell(persons=(stands.person,), push=ContactPush(contact=stands.contact, mark=stands.mark), not_here=True)
