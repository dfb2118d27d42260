"""Built-in checks as hooks: what is said when one cannot be made."""

from pathlib import Path

import pytest

from server.errors import ConfigError
from server.hooks.check import CheckHook
from server.hooks.settings import CheckSource, HookSettings
from tests.server.hooks.support import KINDS, PACK, watching


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("word", {}, "[mine] check: there is no check word; did you mean words?"),
        ("words", {"fil": "x"}, "[mine] options: there is no option fil; did you mean file?"),
        ("words", {}, "[mine] options: Object missing required field `file`"),
        ("words", {"file": 5}, "[mine] options: Expected `str`, got `int` - at `$.file`"),
        ("words", {"file": "none.txt"}, "none.txt cannot be read: No such file or directory"),
        ("words", {"file": "bad.txt"}, "[mine] options: bad.txt: a word is unusable"),
        (
            "words",
            {"file": "good.txt", "ground": "hous_rules"},
            "the pack has no ground hous_rules; did you mean house_",
        ),
    ],
)
def test_a_check_that_cannot_be_made_says_why(tmp_path: Path, name: str, options: dict[str, object], said: str) -> None:
    (tmp_path / "bad.txt").write_text("unusable")
    (tmp_path / "good.txt").write_text("word")
    source = CheckSource(check=name, options=options)
    settings = HookSettings(name="mine", source=source, watches=watching())
    with pytest.raises(ConfigError) as caught:
        CheckHook(settings, source, kinds=KINDS, grounds=PACK.grounds, folder=tmp_path)
    (problem,) = caught.value.problems
    assert said in problem
