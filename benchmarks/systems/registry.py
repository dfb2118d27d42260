"""The systems under measurement by name, in the order of the tables. A driver is imported when it is asked for."""

from collections.abc import Callable, Iterable
from functools import partial
from pkgutil import resolve_name

from benchmarks.systems.base import System

_DRIVERS = {
    "limit": "limit:Limit",
    "hutong": "hutong:Hutong",
    "hutong-public": "hutong:HutongPublic",
    "picows": "picows:PicoWS",
    "websockets-asyncio": "websockets_asyncio:WebsocketsAsyncio",
    "websockets-trio": "websockets_trio:WebsocketsTrio",
    "ws": "ws:Ws",
    "nats-server": "nats:NatsServer",
    "mosquitto": "mosquitto:Mosquitto",
    "ejabberd": "ejabberd:Ejabberd",
    "prosody": "prosody:Prosody",
    "echo": "echo:Echo",
}
NO_ROOMS = frozenset({"echo"})  # Whose connections hear themselves only.


def _made(driver: str) -> System:
    system: System = resolve_name(f"benchmarks.systems.{driver}")()
    return system


SYSTEMS: dict[str, Callable[[], System]] = {name: partial(_made, driver) for name, driver in _DRIVERS.items()}


def installed(names: Iterable[str]) -> tuple[list[System], list[str]]:
    """Return those of the named systems that can be run here, and of the others, by name, what is missing."""
    found, missing = [], []
    for name in names:
        system = SYSTEMS[name]()
        if (reason := system.missing()) is None:
            found.append(system)
        else:
            missing.append(f"{name}: {reason}")
    return found, missing
