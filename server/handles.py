"""Handles nobody may take, as skeletons: names that would speak for the server or for those who run it."""

from protocol.handles import skeleton

RESERVED = frozenset(
    skeleton(handle)
    for handle in (
        "abuse",
        "admin",
        "administrator",
        "everyone",
        "help",
        "hostmaster",
        "hutong",
        "hutongd",
        "moderator",
        "nobody",
        "notice",
        "official",
        "operator",
        "postmaster",
        "root",
        "security",
        "server",
        "service",
        "staff",
        "support",
        "system",
        "webmaster",
    )
)
