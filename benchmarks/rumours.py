"""A public square on a bad day: rumours going round, each time told a little worse, in the middle of ordinary talk.

The talk is real (chatterbot-corpus); the rumours are of the kinds people complain about (Q&A 9). What a check holds is
compared with what is known to be a rumour.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.town.dialogue import conversations
from compliance.checks.base import Check
from compliance.publication import MINUTE_MS, Publication, publication
from compliance.verdicts import Hold
from protocol.publications import Content, Surface

AT = 1_760_000_000_000
TALK = (
    "bengali", "chinese", "dutch", "english", "french", "german", "hebrew", "hindi", "indonesian", "italian",
    "japanese", "korean", "persian", "portuguese", "russian", "spanish", "swedish", "tamil", "turkish",
    "ukrainian", "urdu",
)  # fmt: skip
SAYERS = 3  # People who say the same ordinary thing, at most.

# What is said; `#` is a number, which is another one each time. Then what gets added before and after.
CHINESE = (
    "微波炉加热过的食物会致癌，专家已经证实，家里有微波炉的赶紧扔掉",
    "某某小学发生食物中毒，已有#名学生住院，校方封锁消息",
    "城东超市的猪肉检出瘦肉精，已有#人中毒，千万不要再买",
    "今晚#点有强烈地震，请大家不要睡觉，收拾好东西到空地上去",
    "自来水厂被污染，#个小区停水三天，赶快多存一点水",
    "有人在小区门口偷孩子，昨天一天丢了#个，家长一定要看好孩子",
)
ENGLISH = (
    "Microwaved food causes cancer, doctors confirmed it in # patients, throw your oven away",
    "Food poisoning at Lincoln school, # children are in hospital and the teachers keep it quiet",
    "The tap water is poisoned, # people have died already, do not drink it and do not wash with it",
    "The bank on Main Street closes on Monday, # customers lost everything, take your money out today",
    "A gang is stealing children from the playground in a white van, # gone since Friday",
    "New virus in the phone network, # phones exploded overnight, switch off yours at midnight",
)
BEFORE = {
    "chinese": ("紧急通知！", "刚刚看到的，", "是真的！", "朋友在医院上班，她说", ""),
    "english": ("URGENT! ", "Just heard this: ", "It is TRUE!!! ", "A friend of mine is a nurse and says: ", ""),
}
AFTER = {
    "chinese": ("，请转发！", "，扩散！！！", "，不转不是中国人", "，电视上不敢报道。", "，已经死了#个人了！！", "。"),
    "english": (
        ", please forward!",
        ", spread this!!!",
        ". Share this with everyone you love",
        ". The news hides it.",
        ". # dead already!!",
        ".",
    ),
}


@dataclass(slots=True)
class Figures:
    """What a check made of a day. `due`: rumours that came when enough like them were public for it to hold them."""

    ordinary: int = 0
    rumours: int = 0
    due: int = 0
    held: int = 0
    held_due: int = 0
    held_wrongly: int = 0

    @property
    def precision(self) -> float:
        """Which part of what was held was a rumour."""
        return self.held / (self.held + self.held_wrongly) if self.held else 0.0

    @property
    def recall(self) -> float:
        """Which part of the rumours that were due was held."""
        return self.held_due / self.due if self.due else 0.0


def told(core: str, language: str, source: random.Random) -> str:
    """Return a version of a rumour: something before, something after or two things, other numbers."""
    after = source.sample(AFTER[language], source.choice((1, 1, 2)))
    version = source.choice(BEFORE[language]) + core + "".join(after)
    while "#" in version:
        version = version.replace("#", str(source.randint(2, 900)), 1)
    return version


def talk(source: random.Random, languages: Sequence[str] = TALK) -> list[str]:
    """Return ordinary messages: one to three sentences of a conversation each, and each said by up to `SAYERS`."""
    said: list[str] = []
    known: set[str] = set()
    for language in languages:
        for each in conversations(language):
            new = [sentence for sentence in dict.fromkeys(each) if sentence not in known]
            known.update(new)
            while new:
                length = source.choice((1, 1, 2, 3))
                said += [" ".join(new[:length])] * source.randint(1, SAYERS)
                del new[:length]
    return said


def day(source: random.Random, *, copies: int) -> list[tuple[str, str]]:
    """Return what is said, in order: each text with the rumour that it is a version of, empty if it is none."""
    rumours = [(core, "chinese") for core in CHINESE] + [(core, "english") for core in ENGLISH]
    said = [(told(core, each, source), core) for core, each in rumours for _ in range(copies)]
    said += [(text, "") for text in talk(source)]
    source.shuffle(said)
    return said


def of(text: str, *, at: int = AT) -> Publication:
    """Return a publication in a group that says `text` at `at` (Unix ms)."""
    return publication(Content(text=text), surface=Surface.GROUP_MESSAGE, version=1, previous=None, at=at)


def tell_apart(check: Check, said: Sequence[tuple[str, str]], *, due: int) -> Figures:
    """Let `check` judge what is `said`, all of it within half an hour; it learns what it does not hold.

    `due`: how many copies of a rumour are public when it should hold the next.
    """
    figures = Figures()
    public: Counter[str] = Counter()
    for number, (text, rumour) in enumerate(said):
        publication = of(text, at=AT + number * 30 // len(said) * MINUTE_MS)
        is_held = isinstance(check.judge(publication), Hold)
        if rumour:
            is_due = public[rumour] >= due
            figures.rumours += 1
            figures.due += is_due
            figures.held += is_held
            figures.held_due += is_held and is_due
        else:
            figures.ordinary += 1
            figures.held_wrongly += is_held
        if not is_held:
            public[rumour] += 1
            check.learn(publication)
    return figures
