"""What is wrong with what somebody wrote, said so that they can mend it. Words in, words out."""

import re

_PLACE = re.compile(r"(?P<what>.*) - at `(?:key in )?\$\.?(?:content\.)?(?P<where>.*)`", re.DOTALL)
_KINDS = {"str": "a text", "int": "a number", "float": "a number", "bool": "true or false"}
_KINDS |= {"array": "a list", "object": "a table"}
_WORDS = (
    (re.compile(r"Object contains unknown field `(.*)`"), "nothing is called {0!r} there"),
    (re.compile(r"Object missing required field `(.*)`"), "{0!r} is missing"),
    (re.compile(r"Expected `str` of length <= (\d+)"), "at most {0} characters fit"),
    (re.compile(r"Expected `str` of length >= \d+"), "it is empty"),
    (re.compile(r"Expected `array` of length <= (\d+)"), "there may be {0} at most"),
    (re.compile(r"Expected `array` of length >= \d+"), "there is none"),
    (re.compile(r"Expected `(\w+)`, got `(\w+)`"), "it is to be {0}, and is {1}"),
)


def in_words(error: Exception) -> str:
    """Return what `error`, which a decoder raised, finds wrong and where; what there are no words for, as it is."""
    text = str(error)
    place = _PLACE.fullmatch(text)
    what, where = (place["what"], place["where"]) if place else (text, "")
    for pattern, words in _WORDS:
        if (match := pattern.fullmatch(what)) is not None:
            what = words.format(*(_KINDS.get(group, group) for group in match.groups()))
            break
    return f"{where}: {what}" if where else what
