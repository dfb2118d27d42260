"""What counts as one address, where something is counted by address."""

from functools import lru_cache
from ipaddress import IPv6Network, ip_address

# Who comes from this machine is its owner, or everybody, through a proxy in front: either way not one stranger.
LOOPBACK = "loopback"


@lru_cache(maxsize=65_536)
def network(address: str) -> str:
    """Return what counts as one address: an IPv4 address itself, of an IPv6 address its /64, which is one subscriber's.

    An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) counts as itself. All of loopback is LOOPBACK.
    """
    plain = address.partition("%")[0]
    if ":" in plain:
        mapped = IPv6Network((plain, 128)).network_address.ipv4_mapped
        if mapped is not None:
            plain = str(mapped)
    if plain and ip_address(plain).is_loopback:
        return LOOPBACK
    return str(IPv6Network((plain, 64), strict=False).network_address) if ":" in plain else plain
