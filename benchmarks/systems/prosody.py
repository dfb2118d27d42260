"""prosody: an XMPP server in Lua. Its room keeps no history and announces nobody's coming and going.

No TLS, no log, no limits, nothing stored; Nagle's algorithm off, writes at once and the generational collector, the
quicker choices of those it has. What is on: what clients need to sign in, and rooms, in which each message bears the
occupant's id (XEP-0421), as that cannot be turned off.
"""

from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.servers import Running
from benchmarks.systems.foreign import Setup, hosted
from benchmarks.systems.machine import missing, program
from benchmarks.systems.xmpp import HOST, Xmpp

PROGRAM = "prosody"
_SETTINGS = """
run_as_root = true
daemonize = false
data_path = "{folder}"
log = {{}}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
modules_enabled = {{ "saslauth" }}
modules_disabled = {{ "s2s", "tls", "offline" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
network_backend = "epoll"
network_settings = {{ tcp_backlog = 4096, nagle = false, opportunistic_writes = true, read_timeout = 86400 }}
gc = {{ mode = "generational" }}
storage = "memory"

VirtualHost "{host}"
    authentication = "anonymous"

Component "conference.{host}" "muc"
    muc_room_locking = false
    muc_room_default_history_length = 0
    muc_room_default_presence_broadcast = {{ visitor = false, participant = false, moderator = false }}
    muc_tombstones = false
"""


class Prosody(Xmpp):
    """prosody."""

    name = "prosody"

    def version(self) -> str:
        """Return the version that would be run."""
        home = Path(program(PROGRAM) or PROGRAM).resolve().parent.parent / "lib" / "prosody"
        return (home / "prosody.version").read_text(encoding="ascii").strip()

    def missing(self) -> str | None:
        """Return why it cannot be run here; None if it can."""
        return None if program(PROGRAM) else missing(self.name, f"program {PROGRAM}")

    def serve(self) -> AbstractContextManager[Running]:
        """Run it."""
        return hosted(_set_up)


def _set_up(folder: Path, port: int) -> Setup:
    settings = {"settings.cfg.lua": _SETTINGS.format(folder=folder, port=port, host=HOST)}
    return Setup([program(PROGRAM) or PROGRAM, "--config", str(folder / "settings.cfg.lua"), "-F"], settings)
