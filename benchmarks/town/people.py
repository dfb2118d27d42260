"""Who lives in the town, where they meet, and who will have trouble. Seeded and pure: the same seed, the same town."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, count, cycle
from random import Random

LEAST_PEOPLE = 8
MOST_PEOPLE = 200
BUSY_PEOPLE = 40  # With more people everybody says less, as all of them run in one process.
SQUARE_SHARE = 0.85  # Of all people are in the one large group.
CIRCLE_PEOPLE = 4  # One who reads aloud, one whose line is too slow, and two more.


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`tag` is BCP 47's, `corpus` the corpus' name of it; `family` is what a family calls its group."""

    tag: str
    corpus: str
    family: str
    names: dict[str, str]  # By handle.


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One person; `number` is their place in the town's list."""

    number: int
    handle: str
    name: str
    password: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A topic to be: who is in it (numbers, the founder first), and how long they pause between two lines (mean)."""

    name: str
    is_chat: bool
    members: tuple[int, ...]
    pause_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The whole plan. `circle` is the group in which a book is read aloud by its first member."""

    residents: tuple[Resident, ...]
    places: tuple[Place, ...]
    circle: Place
    slow: int  # Their line stops while the book is read.
    unlucky: tuple[int, ...]  # Their line breaks between a message and its ack, again and again.
    travellers: tuple[int, ...]  # They go offline, write on, and come back.

    def tags(self, place: Place) -> tuple[str, ...]:
        """Return the languages of those in `place`, the commonest first."""
        spoken = [self.residents[member].language.tag for member in place.members]
        return tuple(sorted(set(spoken), key=lambda tag: (-spoken.count(tag), tag)))


CHINESE = Language(
    tag="zh",
    corpus="chinese",
    family="{}一家",
    names={
        "li_wei": "李伟",
        "wang_fang": "王芳",
        "zhang_min": "张敏",
        "liu_yang": "刘洋",
        "chen_jing": "陈静",
        "yang_lei": "杨磊",
        "zhao_xin": "赵欣",
        "wu_hao": "吴昊",
        "sun_qian": "孙倩",
        "zhou_tao": "周涛",
        "xu_mei": "徐梅",
        "guo_bo": "郭博",
        "he_yun": "何云",
        "gao_feng": "高峰",
        "luo_dan": "罗丹",
    },
)
ENGLISH = Language(
    tag="en",
    corpus="english",
    family="{}'s family",
    names={
        "grace": "Grace",
        "oliver": "Oliver",
        "amelia": "Amelia",
        "henry": "Henry",
        "rosie": "Rosie",
        "walter": "Walter",
        "daisy": "Daisy",
    },
)
SPANISH = Language(
    tag="es",
    corpus="spanish",
    family="Familia de {}",
    names={"lucia": "Lucía", "mateo": "Mateo", "carmen": "Carmen", "diego": "Diego"},
)
JAPANESE = Language(
    tag="ja",
    corpus="japanese",
    family="{}の家族",
    names={"haruto": "陽翔", "sakura": "さくら", "kenji": "健二", "yuki": "由紀"},
)
RUSSIAN = Language(
    tag="ru",
    corpus="russian",
    family="Семья: {}",
    names={"anna": "Анна", "dmitri": "Дмитрий", "katya": "Катя", "sergei": "Сергей"},
)
HINDI = Language(
    tag="hi",
    corpus="hindi",
    family="{} का परिवार",
    names={"asha": "आशा", "ravi": "रवि", "priya": "प्रिया", "arjun": "अर्जुन"},
)
PERSIAN = Language(
    tag="fa",
    corpus="persian",
    family="خانواده {}",
    names={"shirin": "شیرین", "omid": "امید", "parisa": "پریسا", "darius": "داریوش"},
)
KOREAN = Language(
    tag="ko",
    corpus="korean",
    family="{}네 가족",
    names={"minjun": "민준", "jiwoo": "지우", "seoyeon": "서연", "hajun": "하준"},
)
# Who moves in, in turn.
ARRIVING = (CHINESE, ENGLISH, CHINESE, SPANISH, JAPANESE, CHINESE, RUSSIAN, HINDI, ENGLISH, CHINESE, PERSIAN, KOREAN)
WORKPLACES = ("Clinic", "小学", "Bakery", "Library", "茶馆", "Post office", "Tram depot", "Newspaper")


def build(people: int, seed: int) -> Town:
    """Return the town of `seed` with `people` people in it.

    Raises:
        ValueError: Fewer than LEAST_PEOPLE, with whom the troubles would have nobody to befall.
    """
    if people < LEAST_PEOPLE:
        raise ValueError(f"a town has at least {LEAST_PEOPLE} people")
    chance = Random(seed)
    residents = _move_in(people, chance)
    everyone = list(range(people))
    chance.shuffle(everyone)
    # The circle keeps out of all other trouble: what happens to it is to be the slow line's doing.
    circle, others = tuple(everyone[:CIRCLE_PEOPLE]), everyone[CIRCLE_PEOPLE:]
    unlucky = max(1, people // 12)
    places = (_square(everyone, chance), *_families(residents), *_workplaces(everyone), *_chats(residents, chance))
    calm = max(1.0, people / BUSY_PEOPLE)
    return Town(
        residents=residents,
        places=tuple(replace(place, pause_s=calm * place.pause_s) for place in places),
        circle=Place(name="Reading circle", is_chat=False, members=circle, pause_s=0.01),
        slow=circle[-1],
        unlucky=tuple(others[:unlucky]),
        travellers=tuple(others[unlucky : unlucky + max(2, people // 4)]),
    )


def _move_in(people: int, chance: Random) -> tuple[Resident, ...]:
    residents: list[Resident] = []
    waiting = {language.tag: _names(language) for language in ARRIVING}
    for number, language in zip(range(people), cycle(ARRIVING), strict=False):
        handle, name = next(waiting[language.tag])
        password = f"{handle}-{chance.randrange(10**6):06}"
        residents.append(Resident(number=number, handle=handle, name=name, password=password, language=language))
    return tuple(residents)


def _names(language: Language) -> Iterator[tuple[str, str]]:
    yield from language.names.items()
    for generation in count(2):
        for handle, name in language.names.items():
            yield f"{handle}_{generation}", f"{name} {generation}"


def _square(everyone: list[int], chance: Random) -> Place:
    there = chance.sample(everyone, max(3, round(SQUARE_SHARE * len(everyone))))
    return Place(name="胡同口 · the square", is_chat=False, members=tuple(there), pause_s=0.08)


def _families(residents: tuple[Resident, ...]) -> list[Place]:
    """Return a group for every three to five people of one language; who has nobody else to talk to has no family."""
    families: list[Place] = []
    for language in dict.fromkeys(resident.language.tag for resident in residents):
        speakers = [resident for resident in residents if resident.language.tag == language]
        for first in range(0, len(speakers), 4):
            kin = speakers[first : first + (5 if len(speakers) - first == 5 else 4)]
            if len(kin) > 2:
                name = kin[0].language.family.format(kin[0].name)
                members = tuple(resident.number for resident in kin)
                families.append(Place(name=name, is_chat=False, members=members, pause_s=0.25))
            if len(kin) == 5:
                break
    return families


def _workplaces(everyone: list[int]) -> list[Place]:
    size = max(3, min(7, len(everyone) // 4))
    crews = [everyone[first : first + size] for first in range(0, len(everyone), size)]
    return [
        Place(name=name, is_chat=False, members=tuple(crew), pause_s=0.2)
        for name, crew in zip(WORKPLACES, crews, strict=False)
        if len(crew) > 2
    ]


def _chats(residents: tuple[Resident, ...], chance: Random) -> list[Place]:
    """Return as many chats as three quarters of the people; one in three is across languages."""
    pairs = list(combinations(range(len(residents)), 2))
    chance.shuffle(pairs)
    alike = [pair for pair in pairs if residents[pair[0]].language is residents[pair[1]].language]
    across = [pair for pair in pairs if residents[pair[0]].language is not residents[pair[1]].language]
    wanted = len(residents) // 4
    return [
        Place(name=" · ".join(residents[member].name for member in pair), is_chat=True, members=pair, pause_s=0.35)
        for pair in alike[: 2 * wanted] + across[:wanted]
    ]
