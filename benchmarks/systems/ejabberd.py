"""ejabberd: an XMPP server in Erlang. Its room keeps no history and announces nobody's coming and going.

No TLS, no log, no shapers, nothing stored, and of its modules only that of rooms; a stream may owe any number of
stanzas. It is run as its `ejabberdctl` would, but as whoever measures, without a name, so that no epmd is started.
"""

import re
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.servers import Running
from benchmarks.systems.foreign import Setup, hosted
from benchmarks.systems.machine import missing, program
from benchmarks.systems.xmpp import HOST, Xmpp

PROGRAM = "ejabberdctl"
_SETTINGS = """
hosts: [{host}]
loglevel: none
log_rotate_count: 0
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    backlog: 4096
    max_fsm_queue: 1000000
auth_method: [anonymous]
anonymous_protocol: sasl_anon
allow_multiple_connections: true
modules:
  mod_muc:
    history_size: 0
    max_users: 100000
    max_users_presence: 0
    default_room_options:
      max_users: 100000
      presence_broadcast: []
      mam: false
      logging: false
      persistent: false
"""


class Ejabberd(Xmpp):
    """ejabberd."""

    name = "ejabberd"

    def version(self) -> str:
        """Return the version that would be run."""
        return next(iter(re.findall(r'\{vsn,\s*"([^"-]+)', _application().read_text(encoding="utf-8"))), "")

    def missing(self) -> str | None:
        """Return why it cannot be run here; None if it can."""
        return None if program("erl") and program(PROGRAM) else missing(self.name, f"program {PROGRAM}")

    def serve(self) -> AbstractContextManager[Running]:
        """Run it."""
        return hosted(_set_up)


def _libraries() -> Path:
    """Return where its Erlang applications are, as its control script says."""
    script = Path(program(PROGRAM) or PROGRAM).read_text(encoding="utf-8")
    return Path(re.findall(r"^ERL_LIBS='([^']+)'", script, re.MULTILINE)[0])


def _application() -> Path:
    return next(_libraries().glob("ejabberd-*/ebin/ejabberd.app"))


def _set_up(folder: Path, port: int) -> Setup:
    command = [program("erl") or "erl", "-noinput", "+K", "true", "+P", "250000", "-mnesia", "dir", f'"{folder}"']
    environment = {
        "ERL_LIBS": str(_libraries()),
        "EJABBERD_CONFIG_PATH": str(folder / "settings.yml"),
        "EJABBERD_LOG_PATH": str(folder / "log"),
        "ERL_MAX_PORTS": "32000",
        "ERL_CRASH_DUMP_BYTES": "0",
    }
    settings = {"settings.yml": _SETTINGS.format(port=port, host=HOST)}
    return Setup([*command, "-s", "ejabberd"], settings, environment)
