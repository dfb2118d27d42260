"""What decisions are made by in one deployment: its pack, the provider's licence, the language they are written in.

It travels with what is to be decided, so that a decision in the store's transaction needs nothing but its arguments.
"""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from compliance.pack import AgreementText, Ground, Licence, Pack, Texts
from compliance.rights import AccountFacts
from compliance.stages import Facts, Stopped, closed, stopped_at
from protocol.publications import Surface

ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """`language`: of titles and advice in decisions (BCP 47); English where the pack lacks it. `zone`: whose days and
    months broadcasts are counted in.
    """

    pack: Pack
    licence: Licence | None
    language: str = ENGLISH
    zone: tzinfo = UTC
    to_sign: bytes | None = field(init=False, repr=False)  # The digest of the agreement in force, often asked.

    def __post_init__(self) -> None:
        digest = self.pack.agreement.digest if self.pack.agreement else None
        object.__setattr__(self, "to_sign", digest)

    @property
    def agreement(self) -> AgreementText | None:
        """The agreement in force."""
        return self.pack.agreement

    def stopped(
        self,
        surface: Surface,
        signed: bytes | None,
        *,
        at: int,
        account: AccountFacts | None = None,
        category: str = "",
    ) -> Stopped | None:
        """Return the stage that stops an author who has `signed` (an agreement's digest) at `at` (Unix ms).

        `account`: the public account they say it for; `category`: what they declare it to be about.
        """
        facts = Facts(licence=self.licence, signed=signed, agreement=self.to_sign, account=account, category=category)
        return stopped_at(self.pack, surface, facts, at=at)

    def closed(self, *, at: int) -> str:
        """Say why the public side is closed at `at` (Unix ms); empty when it is open (Art. 4)."""
        return closed(self.pack, self.licence, at=at)

    def ground(self, code: str) -> Ground:
        """Return the ground `code` of the pack.

        Raises:
            KeyError: The pack has no such ground.
        """
        return self.pack.grounds[code]

    def bottom_line(self, ground: Ground) -> str:
        """Return the bottom line that `ground` is about, as a heading; empty when it is about none."""
        lines = self.pack.agreement.lines if self.pack.agreement else ()
        return next((self.said(line.titles) for line in lines if line.code == ground.bottom_line), "")

    def said(self, texts: Texts) -> str:
        """Return which of `texts` is in the bench's language."""
        return texts.get(self.language) or texts[ENGLISH]
