"""The policy pack that the suite runs under: HUTONGTEST_PACK in the environment, else `open`."""

import os
from datetime import date

from compliance.pack import Licence, load

PACK = os.environ.get("HUTONGTEST_PACK", "open")
LOADED = load(PACK)
_KINDS = LOADED.licence
LICENCE = Licence(
    number="TEST-1",
    kind=_KINDS.kinds[0] if _KINDS else "none",
    issuer="the test suite",
    valid_from=date(2000, 1, 1),
    valid_until=date(2999, 12, 31),
)
SETTINGS = {
    "compliance.pack": PACK,
    "licence.number": LICENCE.number,
    "licence.kind": LICENCE.kind,
    "licence.issuer": LICENCE.issuer,
    "licence.valid_from": str(LICENCE.valid_from),
    "licence.valid_until": str(LICENCE.valid_until),
}
