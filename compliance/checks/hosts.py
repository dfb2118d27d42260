"""Names of hosts: where folded text has links, which host each goes to, and whether a name only looks like another.

Dots that are written otherwise count: full-width ones (folded already), 。, and `example[.]com`, `example dot com`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import name

from compliance.checks import words
from compliance.checks.normal import fold

LETTERS = f"{words.DIGITS}{words.LETTERS}"
LABEL_CHARS = 63  # RFC 1035 §2.3.4.
LABELS = 16  # Of one host that are looked at, from the right.

# Where nothing else says that something is a link, its ending does. All countries' two letters, the usual others.
_COUNTRIES = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca"
    " cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo"
    " fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je"
    " jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo"
    " mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt"
    " pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk"
    " tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
_OTHERS = (
    "com net org info biz edu gov mil int name pro mobi asia tel jobs cat coop aero museum travel post arpa onion"
    " app art bar bet bid bond buzz cam cash casino center chat city click cloud club codes company cool date dev"
    " digital direct download email expert express faith fans finance fit fun fund fyi games gift global gold"
    " group help homes host hosting icu ink kim lat life link live loan lol love ltd market media men mom money"
    " news ninja one online ooo page party photo pics plus poker press promo pub racing red ren rent rest review"
    " rocks run sale sbs science sex sexy shop shopping show site skin social software solutions space store"
    " stream studio style support surf systems tax team tech tips today tools top trade trading vet video vin vip"
    " wang watch webcam website wiki win wine work works world wtf xin xxx xyz zip zone"
    " 中国 公司 网络 网址 在线 中文网 商城 我爱你"
    " 香港 台湾 рф рус укр бел онлайн сайт ελ"
)
ENDINGS = frozenset(_COUNTRIES.split() + _OTHERS.split())
_ENDING_CHARS = 6  # Of those that are not Latin, at most.

_DOT = re.compile(
    r"[.。]|\s?[\[({]\s?(?:[.。]|dot|点)\s?[\])}]\s?|(?:点| dot )(?=(?:com|cn|net|org|top|xyz|vip|cc)(?![a-z0-9]))"
)
_REST = r"(?:[:/?#\\][!-~]*+)?"
_LABEL = rf"[{LETTERS}][{LETTERS}_\-]*+"
_LINK = re.compile(
    rf":[/\\]{{2}}(?P<authority>(?:\[[0-9a-f:.]+\]|[^\s/?#\\\"'<>()\[\]{{}}|,;!`]|{_DOT.pattern}){{1,320}}+){_REST}|"
    rf"(?:(?P<at>@)|(?<![{LETTERS}\-@]))-*+(?P<host>{_LABEL}(?:(?:{_DOT.pattern}){_LABEL})+)(?P<rest>{_REST})"
)
# Most texts have nothing of what every link has, and need no closer look.
_PERHAPS = re.compile(rf":[/\\]|\.[{LETTERS}]|。[{LETTERS}]|点[cnotxv]|[\[({{]\s?(?:[.。点]|dot)| dot ")
_SCHEME_CHARS = 16
_SCHEME = re.compile(r"[a-z0-9+.\-]*\Z")
_PLAIN = re.compile(r"[a-z0-9.\-]+")
_ASCII = re.compile(r"[a-z0-9\-]+")
_NUMBERS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")

_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)  # What is written together in good faith: UTS #39 §5.2, "highly restrictive".
_LIKE_LATIN = frozenset("асԁеһіјӏорԛѕԝхуѵгьνορυικαγԍɡɑıʟ")


@dataclass(frozen=True, slots=True)
class Link:
    """A link in folded text, from `start` up to `end`, and the host it goes to, as Unicode, without a port."""

    host: str
    start: int
    end: int


def links_in(folded: str) -> Iterator[Link]:
    """Yield the links in a folded text, in order: URLs of any scheme, and bare hosts with an ending that is in use."""
    if not _PERHAPS.search(folded):
        return
    for found in _LINK.finditer(folded):
        authority = found["authority"]
        if authority is not None:
            scheme = _SCHEME.search(folded, max(0, found.start() - _SCHEME_CHARS), found.start())
            start = scheme.start() if scheme else found.start()
            host, cut = _of_authority(authority)
            if host:
                yield Link(host, start, found.end() if not cut else found.end("authority") - cut)
        elif not found["at"] and folded[found.end("host") : found.end("host") + 1] != "@":
            host = canonical(found["host"])
            is_numbers = _NUMBERS.fullmatch(host) and found["rest"]
            if is_numbers or host.rpartition(".")[2] in ENDINGS or "xn--" in found["host"].rpartition(".")[2]:
                yield Link(host, found.start("host"), found.end())


def canonical(host: str) -> str:
    """Return the folded `host` as hosts are compared: its last labels, Punycode decoded, with plain dots."""
    dotted = host if _PLAIN.fullmatch(host) else _DOT.sub(".", host)
    labels = [label for label in dotted.split(".") if label][-LABELS:]
    if "xn--" in dotted:
        labels = [_decoded(label) for label in labels]
    return ".".join(labels)


def only_looks(host: str) -> bool:
    """Say whether `host` may pass for another: scripts mixed in one label, or a label of nothing but look-alikes."""
    return not host.isascii() and any(
        _only_looks(label[:LABEL_CHARS]) for label in host.split(".") if not label.isascii()
    )


def _only_looks(label: str) -> bool:
    letters = [char for char in label if char.isalpha()]
    if all(char in _LIKE_LATIN for char in letters):
        return True
    scripts = {_script(char) for char in letters}
    mixed = len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)
    return mixed or any(char in _LIKE_LATIN for char in letters if "LATIN" in scripts)


def _script(char: str) -> str:
    """Return the script of a letter, as its name has it: the first word."""
    first = name(char, "UNKNOWN").replace("-", " ").partition(" ")[0]
    return "CJK" if first == "IDEOGRAPHIC" else first


def _of_authority(authority: str) -> tuple[str, int]:
    """Return the host in what stands between `//` and `/`, and how many characters at its end are no more of it.

    Chinese goes on after a link without a space: what follows an ending that is in use is cut off.
    """
    rest = authority.rpartition("@")[2]
    if rest.startswith("["):
        return rest.partition("]")[0].removeprefix("["), 0
    host, colon, port = rest.partition(":")
    if colon and (after := port.lstrip("0123456789")):
        return canonical(host), len(after)
    found = canonical(host)
    last = found.rpartition(".")[2]
    if last in ENDINGS or last.isascii():
        return found, 0
    ending = _ending(last)
    if ending and host.endswith(last):
        after = last.removeprefix(ending)
        return found.removesuffix(after), len(after) + len(colon) + len(port)
    if (dot := host.rfind("。")) > 0:
        return canonical(host[:dot]), len(rest) - dot
    return found, 0


def _ending(last: str) -> str:
    """Return the ending that is in use and that Chinese goes on after in the label `last`; empty: there is none."""
    latin = _ASCII.match(last)
    starts = [latin[0]] if latin else [last[:length] for length in range(_ENDING_CHARS, 0, -1)]
    return next((start for start in starts if start in ENDINGS), "")


def _decoded(label: str) -> str:
    if not label.startswith("xn--") or len(label) > LABEL_CHARS:
        return label
    try:
        return fold(label[4:].encode("ascii").decode("punycode"))
    except (UnicodeError, OverflowError):
        return label
