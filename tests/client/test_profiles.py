"""Who is signed in on this computer."""

import stat
from pathlib import Path

import pytest

from client.account import Account
from client.errors import ProfileError, SignedOutError
from client.profiles import Profiles, home
from protocol.ids import DeviceId, PersonId


def account(handle: str = "alice") -> Account:
    return Account(url="ws://x", handle=handle, person=PersonId("p"), device=DeviceId("d"), token="secret")


def test_an_account_comes_back_as_it_was_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "home")
    profiles.keep("alice", account())
    assert profiles.account("alice") == account()
    assert stat.S_IMODE((tmp_path / "home" / "alice" / "account.json").stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home", tmp_path / "home" / "alice")} == {0o700}


def test_the_last_one_used_is_chosen(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    profiles.keep("alice", account())
    profiles.keep("bob", account("bob"))
    assert profiles.choose(None) == "bob"
    assert profiles.choose("alice") == "alice"


def test_the_only_one_is_chosen_and_of_several_none(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    profiles.keep("alice", account())
    (tmp_path / "last").unlink()
    assert profiles.choose(None) == "alice"
    profiles.keep("bob", account("bob"))
    (tmp_path / "last").unlink()
    with pytest.raises(ProfileError, match="--profile"):
        profiles.choose(None)


def test_without_any_nobody_is_signed_in(tmp_path: Path) -> None:
    with pytest.raises(SignedOutError):
        Profiles(tmp_path).choose(None)


@pytest.mark.parametrize("name", ["", "../evil", "a/b", ".hidden", "x" * 65])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProfileError):
        Profiles(tmp_path).account(name)


def test_signing_out_forgets_token_and_cache_and_keeps_the_server(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    profiles.keep("alice", account())
    profiles.cache_path("alice").touch()
    profiles.sign_out("alice")
    left = profiles.account("alice")
    assert left is not None
    assert (left.url, left.token, profiles.cache_path("alice").exists()) == ("ws://x", "", False)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    profiles.keep("alice", account())
    (tmp_path / "alice" / "account.json").write_text("{")
    with pytest.raises(ProfileError, match=r"account\.json is damaged"):
        profiles.account("alice")


def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUTONG_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("HUTONG_HOME")
    assert home().name == "hutong"
