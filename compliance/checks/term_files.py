"""Files of terms: one a line, UTF-8, blank lines and lines that begin with # left out.

A term of letters that make words with spaces between them is found as whole words only, so that "ass" is not found in
"class". `pass*` is found where a word begins so, `*pass` where one ends so, `*pass*` anywhere. Terms with Chinese,
Japanese or Korean in them, or in scripts that have no spaces, are found anywhere.
"""

from compliance.checks.base import CheckError
from compliance.checks.normal import fold
from compliance.checks.phrases import joined, pattern

TERM_CHARS = 64  # Once folded.
TOLD = 5  # Problems that one error names.


def parse(packed: bytes, name: str, *, joins: bool = False) -> set[str]:
    """Return the patterns of the terms in the file `name`, whose bytes are `packed`; `joins`: for `joined` text.

    Raises:
        CheckError: A line is no term, or the same as one before; the message names the file and the lines.
    """
    found: dict[str, int] = {}
    problems: list[str] = []
    for number, line in enumerate(packed.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            term = line.decode().strip()
        except UnicodeDecodeError as error:
            problems.append(f"line {number}: not UTF-8 at byte {error.start + 1} of the line")
            continue
        if not term or term.startswith("#"):
            continue
        folded = fold(term.strip("*")).strip()
        folded = joined(folded) if joins else folded
        if not folded:
            problems.append(f"line {number}: nothing is left of {term[:TERM_CHARS]!r} once it is normalised")
        elif len(folded) > TERM_CHARS:
            problems.append(f"line {number}: {len(folded)} characters; a term has at most {TERM_CHARS}")
        else:
            each = pattern(folded, begins=not term.startswith("*"), ends=not term.endswith("*"))
            before = found.setdefault(each, number)
            if before != number:
                problems.append(f"line {number}: {term!r} is the same as line {before} once it is normalised")
    if problems:
        more = f"; and {len(problems) - TOLD} more" if len(problems) > TOLD else ""
        raise CheckError(f"{name}: " + "; ".join(problems[:TOLD]) + more)
    if not found:
        raise CheckError(f"{name}: there is no term in it")
    return set(found)
