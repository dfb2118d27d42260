"""Whom hooks run as: another user than the server whenever it may choose, and never root."""

import os
import pwd
from dataclasses import dataclass

from server.errors import ConfigError

NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`uid` and `gid` None: hooks stay the server's own user."""

    name: str
    uid: int | None
    gid: int | None


def user_for(wanted: str) -> User:
    """Return whom hooks run as. `wanted`: a user's name; empty: `nobody` if the server is root, else the server's own.

    Raises:
        ConfigError: There is no such user, it is root, or only root could become it.
    """
    own = os.geteuid()
    if not wanted and own != 0:
        return User(name=_name(own), uid=None, gid=None)
    name = wanted or NOBODY
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise ConfigError([f"compliance.hook_user: there is no user {name} on this machine; name another"]) from None
    if entry.pw_uid == 0:
        raise ConfigError(["compliance.hook_user: hooks never run as root; name another user"])
    if entry.pw_uid == own:
        return User(name=name, uid=None, gid=None)
    if own != 0:
        raise ConfigError([f"compliance.hook_user: only root can run hooks as {name}; start the server as root"])
    return User(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
