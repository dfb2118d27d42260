"""A plugin that has nothing against anything, unless a text tells it to hang: asleep, in a loop, in an expression."""

import re
import time

from compliance.hooks import Publication, hookimpl

SLEEPS = "hang: asleep"
LOOPS = "hang: in a loop"
STUCK = "hang: in a regular expression"
_EXPONENTIAL = re.compile("(a+)+$")


@hookimpl
def judge(publication: Publication) -> None:
    """Allow it, or hang for longer than any deadline."""
    text = publication.content.text
    if text.startswith(SLEEPS):
        time.sleep(3600)
    while text.startswith(LOOPS):
        pass
    if text.startswith(STUCK):
        _EXPONENTIAL.match("a" * 64 + "b")
