"""Which isolation is in force for plugins, in sentences: what this machine's kernel gives, not what we would like."""

import sys

import trio

from server.hooks.confine import OPEN_FILES, Confinement, InForce, readable
from server.hooks.errands import Setup
from server.hooks.hosting import Host, HostError, possible
from server.hooks.users import User, user_for

_MEMORY_MIB = 512
_PROBE = """
from compliance.hooks import hookimpl

@hookimpl
def judge(publication):
    return None
"""


def isolation(hook_user: str) -> list[str]:
    """Return what is in force on this machine, found out by starting a host with a plugin of ours that does nothing.

    Raises:
        ConfigError: Hooks cannot run as `hook_user`.
    """
    user = user_for(hook_user)
    if not possible():
        return ["Plugins cannot run on this system: they need Linux 5.3. Built-in checks and webhooks do not."]
    try:
        return sentences(trio.run(_probe, user), user)
    except HostError as error:
        return [f"Plugins cannot run here: {error}."]


def sentences(in_force: InForce, user: User) -> list[str]:
    """Return what `in_force` means, a sentence each; the first says how much it is worth."""
    if in_force.other_user:
        first = f"Plugins run as {user.name} (user {in_force.uid}), not as the server's user."
        if not in_force.landlock:
            first += f" They can read what {user.name} can, so keep the data directory closed to that user (mode 0700)."
    elif in_force.landlock:
        first = (
            f"Plugins run as the server's own user, {user.name}. The kernel keeps them from its files and its memory; "
            "another user would be a second lock: start the server as root, or see compliance.hook_user."
        )
    else:
        first = (
            f"Plugins run as the server's own user, {user.name}, and can read what it can, private data included: that "
            "protects against mistakes, not against malice. Install only plugins that you would trust with everything, "
            "or have them run as another user (compliance.hook_user)."
        )
    found = [first, _landlock(in_force.landlock)]
    if in_force.network:
        found.append("They have no network.")
    else:
        found.append("They can use the network: the kernel gives them no network namespace of their own.")
    found.append(
        "They have no environment, and no descriptor of the server's but the socket they answer on; they can start no "
        f"process, write no file, have at most {OPEN_FILES} files open, and as much memory as is configured."
    )
    if not in_force.no_new_privileges:
        found.append("The kernel does not keep them from gaining privileges by running another program.")
    if in_force.unreadable:
        found.append(
            "That user cannot read the files of this Python: of the standard library, plugins can import what "
            "docs/HOOKS.md lists, and no more."
        )
    return found


def _landlock(version: int) -> str:
    if not version:
        return "No rule of the kernel's limits which files they can read: it has no Landlock, or it is switched off."
    beyond = ["they cannot look into any other process"]
    if version >= 4:
        beyond.append("use TCP")
    if version >= 6:
        beyond.append("send signals to one outside of their host")
    listed = ", ".join(beyond[:-1]) + (" or " if beyond[1:] else "") + beyond[-1]
    return f"They can read Python's libraries and what `reads` names, and no other file; {listed} (Landlock {version})."


async def _probe(user: User) -> InForce:
    host = Host(
        Setup(
            hook="probe",
            entry="",
            file="probe.py",
            source=_PROBE,
            options={},
            version="0",
            cpu_s=1,
            confinement=Confinement(
                uid=user.uid, gid=user.gid, memory_mib=_MEMORY_MIB, reads=tuple(readable(sys.path))
            ),
        ),
        workers=1,
    )
    try:
        return (await host.start()).in_force
    finally:
        await host.close()
