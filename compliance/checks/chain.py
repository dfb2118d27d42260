"""The check `chain`: what is passed on and on, a little changed each time, and spreads faster than anyone can look.

"Microwaved food causes cancer, spread this!", "food poisoning at school X, please forward", often in several
exaggerated versions (Q&A 9). It does not know who says something, by design, nor whether it is true: it counts, and
asks for a person to look.
"""

from typing import Annotated, Self

import msgspec
from blake3 import blake3
from msgspec import Meta

from compliance.checks.base import Action, Check, Ground, LabelName, Options, Read, Reason, digest_of, verdict
from compliance.checks.normal import fold
from compliance.checks.phrases import Phrases, pattern
from compliance.checks.reading import words_of
from compliance.checks.sketch import Sketch, sketch
from compliance.checks.spread import Spread
from compliance.publication import Publication
from compliance.verdicts import Allow, Verdict

VERSION = "1"
REMEMBERED = 256  # Sketches of what was judged lately: what is let through is learned soon after.
REASON = (
    "Very many public texts within a short time say nearly this. Somebody looks at it before it goes on; that is no"
    " statement about whether it is true."
)
URGES = (
    "spread this", "spread the word", "please spread", "please forward", "forward this", "forward it", "please share",
    "share this", "share with everyone", "pass it on", "pass this on", "send this to", "tell everyone",
    "before it is deleted", "转发", "扩散", "速转", "求转", "转给", "不转不是", "告诉身边", "告诉家人",
    "告诉更多", "让更多人", "让更多的人", "删前速看",
)  # fmt: skip


class ChainOptions(Options, frozen=True, kw_only=True):
    """Options of the check `chain`."""

    others: Annotated[
        int, Meta(ge=2, le=1000, description="So many texts that nearly say it became public before: then it acts.")
    ] = 20
    others_urging: Annotated[
        int, Meta(ge=1, le=1000, description="So many, when the text urges to pass it on; at most `others`.")
    ] = 5
    minutes: Annotated[int, Meta(ge=1, le=10_080, description="Within how many minutes before.")] = 60
    alike_percent: Annotated[
        int, Meta(ge=30, le=100, description="How much of the shorter text the other must have to be a version of it.")
    ] = 50
    shortest: Annotated[
        int, Meta(ge=16, le=1000, description="Shorter texts are left alone: letters; a Chinese character is two.")
    ] = 24
    urges: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...],
        Meta(max_length=1000, description="What urges to pass something on; whole words, like the terms of a list."),
    ] = URGES
    remembers: Annotated[
        int, Meta(ge=100, le=200_000, description="Texts kept to compare with, as digests, some 3 KB each.")
    ] = 10_000
    action: Annotated[Action, Meta(description="What is done then.")] = "hold"
    ground: Ground = "truthfulness"
    label: LabelName = "chain_letter"
    text: Reason = REASON

    def __post_init__(self) -> None:
        if self.others_urging > self.others:
            raise ValueError("others_urging is at most others")
        if not all(fold(urge).strip() for urge in self.urges):
            raise ValueError("an urge is empty once it is normalised")


class Chain(Check):
    """The check `chain`. What it has learned is in memory only, and ends with the process."""

    version = VERSION

    def __init__(self, options: ChainOptions, read: Read) -> None:
        del read  # It needs no file.
        self._options = options
        self._patterns = tuple(dict.fromkeys(pattern(fold(urge).strip()) for urge in options.urges))
        self._urges = Phrases(self._patterns)
        self._spread = Spread(
            alike=options.alike_percent / 100,
            times=options.others + 1,
            minutes=options.minutes,
            room=options.remembers,
        )
        self._judged: dict[str, Sketch] = {}
        self.grounds = frozenset({options.ground} if options.action != "label" else ())
        self.digest = digest_of(VERSION, options)

    @property
    def rules(self) -> frozenset[str]:
        """The urges."""
        return frozenset(self._patterns)

    def judge(self, publication: Publication) -> Verdict:
        """Count how many texts like `publication` became public in the minutes before it.

        Of a new version of something public, one of them may be its own old version, so one more is needed.
        """
        options = self._options
        seen = self._sketch(publication)
        if seen.weight < options.shortest:
            return Allow()
        heard = self._spread.heard(seen, at=publication.minute) - (publication.version > 1)
        if heard < options.others_urging:
            return Allow()
        places = [
            text.span(start, end) for text in words_of(publication) for _, start, end in self._urges.find(text.normal)
        ]
        if heard < options.others and not places:
            return Allow()
        return verdict(options.action, label=options.label, ground=options.ground, text=options.text, where=places)

    def learn(self, publication: Publication) -> None:
        """Remember what `publication` says, not who says it. A new version of something public does not count again."""
        seen = self._sketch(publication)
        if seen.weight >= self._options.shortest:
            self._spread.add(seen, at=publication.minute, counts=publication.version == 1)

    def succeed(self, before: Self) -> None:
        """Go on with what `before` has learned."""
        self._spread.adopt(before._spread)

    def _sketch(self, publication: Publication) -> Sketch:
        key = blake3(msgspec.msgpack.encode(publication.content)).hexdigest()
        found = self._judged.get(key)
        if found is None:
            found = self._judged[key] = sketch("\n".join(text.normal.text for text in words_of(publication)))
            if len(self._judged) > REMEMBERED:
                del self._judged[next(iter(self._judged))]
        return found
