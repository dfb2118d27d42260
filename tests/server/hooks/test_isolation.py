"""Whom hooks run as, what is taken from them, and what is said of it."""

import os
import pwd
from pathlib import Path

import pytest

from server.errors import ConfigError
from server.hooks import hosting, users
from server.hooks.confine import InForce, readable
from server.hooks.isolation import isolation, sentences
from server.hooks.users import User, user_for

ME = User(name="hutong", uid=None, gid=None)
NOBODY = User(name="nobody", uid=65534, gid=65534)


def in_force(**changes: object) -> InForce:
    values = {
        "uid": 7,
        "other_user": False,
        "network": True,
        "landlock": 7,
        "no_new_privileges": True,
        "unreadable": False,
    }
    return InForce(**(values | changes))  # type: ignore[arg-type]


def told(user: User = ME, **changes: object) -> str:
    return "\n".join(sentences(in_force(**changes), user))


def as_user(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)


def test_a_server_of_root_has_its_hooks_run_as_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    entry = pwd.getpwnam("nobody")
    assert user_for("") == User(name="nobody", uid=entry.pw_uid, gid=entry.pw_gid)


def test_a_server_of_root_may_name_another_user_but_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    assert user_for("daemon").uid == pwd.getpwnam("daemon").pw_uid
    with pytest.raises(ConfigError, match="never run as root"):
        user_for("root")


def test_a_server_of_another_user_has_its_hooks_run_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = pwd.getpwnam("daemon").pw_uid
    as_user(monkeypatch, daemon)
    assert user_for("") == user_for("daemon") == User(name="daemon", uid=None, gid=None)
    with pytest.raises(ConfigError, match="only root can run hooks as nobody"):
        user_for("nobody")


def test_a_user_without_a_name_is_called_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 12345678)
    assert user_for("").name == "12345678"


def test_there_must_be_such_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    monkeypatch.setattr(users, "NOBODY", "no-such-user")
    with pytest.raises(ConfigError, match="there is no user no-such-user"):
        user_for("")


def test_the_same_user_without_landlock_is_said_to_protect_against_mistakes_only() -> None:
    said = told(landlock=0)
    assert "protects against mistakes, not against malice" in said
    assert "it has no Landlock" in said


def test_the_same_user_with_landlock_is_said_to_be_one_lock() -> None:
    said = told()
    assert "not against malice" not in said
    assert "another user would be a second lock" in said


def test_another_user_is_named() -> None:
    assert "Plugins run as nobody (user 65534), not as the server's user." in told(NOBODY, uid=65534, other_user=True)
    assert "mode 0700" in told(NOBODY, other_user=True, landlock=0)


@pytest.mark.parametrize(
    ("version", "tcp", "signals"), [(1, False, False), (4, True, False), (5, True, False), (6, True, True)]
)
def test_what_a_version_of_landlock_does_not_do_is_not_said(version: int, *, tcp: bool, signals: bool) -> None:
    said = told(landlock=version)
    assert ("use TCP" in said) is tcp
    assert ("send signals" in said) is signals


def test_what_the_kernel_does_not_give_is_said() -> None:
    assert "They have no network." in told()
    assert "They can use the network" in told(network=False)
    assert "gaining privileges" not in told()
    assert "does not keep them from gaining privileges" in told(no_new_privileges=False)
    assert "cannot read the files of this Python" in told(unreadable=True)


def test_a_real_host_tells_what_is_in_force_here() -> None:
    said = isolation("")
    assert said[0].startswith("Plugins run as")
    assert len(said) >= 4


def test_where_no_host_can_run_that_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delattr("os.pidfd_open")
        assert isolation("") == [
            "Plugins cannot run on this system: they need Linux 5.3. Built-in checks and webhooks do not."
        ]
    monkeypatch.setattr(hosting, "_BOOT", "")
    assert isolation("") == ["Plugins cannot run here: its process ended while it was loaded."]


def test_of_a_folder_with_code_only_the_code_is_readable(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "module.py").touch()
    (tmp_path / "hutong-data").mkdir()
    (tmp_path / "hutong-data" / "private.db").touch()
    libraries = tmp_path / "site-packages"
    libraries.mkdir()
    archive = tmp_path / "library.zip"
    archive.touch()
    found = set(readable([str(tmp_path), str(libraries), str(archive), str(tmp_path / "none")]))
    ours = {path for path in found if path.startswith(str(tmp_path))}
    assert ours == {str(tmp_path / "package"), str(tmp_path / "module.py"), str(libraries), str(archive)}
