"""The second act: it holds, and it would say so if it did not."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.lane.act import second_act
from benchmarks.lane.play import Play


@pytest.mark.slow
async def test_the_second_act_holds_and_tells_its_story_in_order(tmp_path: Path) -> None:
    told: list[str] = []
    report = await second_act(tmp_path, told.append)
    assert report.faults == []
    assert [(place.side, place.verb) for place in report.places] == [
        ("private", "send"),
        ("private", "send"),
        ("public", "publish"),
    ]
    assert [bool(place.hooks) for place in report.places] == [False, False, True]
    assert len(told) == 8
    assert report.fields()["holds"]


@pytest.mark.slow
async def test_a_hook_that_was_given_private_words_would_be_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmarked = Play._private

    def leak(self: Any, text: str) -> str:
        said = unmarked(self, text)
        self._record.raw.append(said.encode())
        return said

    monkeypatch.setattr(Play, "_private", leak)
    report = await second_act(tmp_path, lambda _: None)
    assert any("a hook's record" in fault for fault in report.faults)
