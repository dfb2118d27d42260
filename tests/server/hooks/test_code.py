"""Which code a plugin is, found without running it."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from server.hooks import code
from server.hooks.code import digest_of_entry


def point(value: str) -> EntryPoint:
    return EntryPoint("mine", value, "hutong.hooks")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    return tmp_path


def test_a_module_is_its_file(path: Path) -> None:
    (path / "one_module.py").write_text("raise RuntimeError('it is not to be run')")
    before = digest_of_entry(point("one_module"), {})
    assert digest_of_entry(point("one_module:hook"), {}) == before
    assert digest_of_entry(point("one_module"), {"a": 1}) != before
    (path / "one_module.py").write_text("raise RuntimeError('nor is this')")
    assert digest_of_entry(point("one_module"), {}) != before


def test_a_package_is_all_its_python_files(path: Path) -> None:
    (path / "a_package" / "deep").mkdir(parents=True)
    (path / "a_package" / "__init__.py").write_text("raise RuntimeError")
    before = digest_of_entry(point("a_package.deep.hook:hook"), {})
    (path / "a_package" / "notes.txt").write_text("x")
    assert digest_of_entry(point("a_package.deep.hook:hook"), {}) == before
    (path / "a_package" / "deep" / "hook.py").write_text("x")
    assert digest_of_entry(point("a_package.deep.hook:hook"), {}) != before


def test_a_package_of_very_many_files_is_its_first_ones(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "FILES", 1)
    (path / "a_package").mkdir()
    (path / "a_package" / "__init__.py").touch()
    before = digest_of_entry(point("a_package"), {})
    (path / "a_package" / "more.py").write_text("x")
    assert digest_of_entry(point("a_package"), {}) == before


def test_a_plugin_that_is_nowhere_to_be_found_is_what_was_recorded_of_it(path: Path) -> None:
    assert digest_of_entry(point("no_such_module"), {}) == digest_of_entry(point("no_such_module"), {})
    assert digest_of_entry(point("no_such_module"), {}) != digest_of_entry(point("no_other_module"), {})


def test_what_is_built_into_python_has_no_file(path: Path) -> None:
    assert digest_of_entry(point("sys"), {})
