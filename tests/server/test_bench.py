"""What a server decides by, as its configuration says."""

from datetime import date, timedelta

import msgspec
import pytest

from compliance.pack import load
from server.app import bench_of
from server.config import ComplianceSettings, Config, LicenceSettings
from server.errors import ConfigError

TODAY = date(2026, 11, 25)


def configured(pack: str, **licence: object) -> Config:
    return Config(compliance=ComplianceSettings(pack=pack), licence=LicenceSettings(**licence))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["open", "cn-2014"])
def test_a_pack_that_comes_with_hutong_is_in_force(name: str) -> None:
    assert bench_of(configured(name), today=TODAY).pack.name == name


def test_a_pack_is_not_in_force_before_its_day() -> None:
    effective = load("open").effective
    assert bench_of(configured("open"), today=effective).pack.effective == effective
    with pytest.raises(ConfigError, match=f"is in force from {effective} on"):
        bench_of(configured("open"), today=effective - timedelta(days=1))


def test_a_pack_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"compliance\.pack: there is no pack 'closed'"):
        bench_of(configured("closed"), today=TODAY)


def test_a_licence_is_what_the_configuration_states() -> None:
    stated = {"number": "1", "kind": "k", "issuer": "i", "valid_from": TODAY, "valid_until": TODAY}
    licence = bench_of(configured("cn-2014", **stated), today=TODAY).licence
    assert licence is not None
    assert {field: getattr(licence, field) for field in stated} == stated


def test_without_a_number_there_is_no_licence() -> None:
    assert bench_of(configured("cn-2014"), today=TODAY).licence is None


def test_the_digest_of_the_agreement_is_known_to_the_bench() -> None:
    bench = bench_of(configured("cn-2014"), today=TODAY)
    assert bench.agreement is not None
    assert bench.to_sign == bench.agreement.digest
    changed = msgspec.structs.replace(bench.agreement, version="2")
    assert changed.digest != bench.to_sign
    assert bench_of(configured("open"), today=TODAY).to_sign is None
