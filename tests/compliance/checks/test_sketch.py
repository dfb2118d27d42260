"""How sketches compare texts."""

import subprocess
import sys

import pytest

from compliance.checks.normal import fold
from compliance.checks.sketch import COUNTED, HASHES, resemblance, sketch

RUMOUR = "Microwaved food causes cancer, spread this!"
OTHER = "The weather is fine today and we are going to the lake with the children."


def alike(one: str, other: str) -> float:
    return resemblance(sketch(fold(one)), sketch(fold(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RUMOUR, RUMOUR),
        (RUMOUR, "microwaved FOOD causes cancer!!! spread\u200b this"),
        ("某某学校食物中毒，已有12人住院，请转发", "某某學校食物中毒……已有３５０人住院！請轉發"),
    ],
)
def test_neither_digits_nor_punctuation_nor_case_nor_script_variants_count(one: str, other: str) -> None:
    assert alike(one, other) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RUMOUR, "BREAKING: doctors confirm microwaved food causes cancer in 80% of people, spread this to everyone!!"),
        ("某某学校食物中毒，已有12人住院，请转发", "某某学校发生食物中毒，已有30人死亡！请家长们转发，不转不是中国人"),
        ("微波炉加热的食物致癌，快扩散！", "微波炉加热过的食物会致癌，请大家赶快扩散！！！"),
        ("電子レンジで温めた食べ物は癌になります", "【拡散希望】電子レンジで温めた食べ物は本当に癌になります！"),
        ("전자레인지에 데운 음식은 암을 일으킵니다", "긴급! 전자레인지에 데운 음식은 암을 일으킵니다 널리 알려주세요"),
        ("الطعام في الميكروويف يسبب السرطان", "عاجل: الطعام في الميكروويف يسبب السرطان انشروا"),
    ],
)
def test_exaggerated_versions_resemble_each_other(one: str, other: str) -> None:
    assert alike(one, other) >= 0.5
    assert alike(one, other) == alike(other, one)


@pytest.mark.parametrize("other", [OTHER, "某某学校食物中毒，已有12人住院，请转发", "", "12345 67890 !!!"])
def test_different_texts_do_not(other: str) -> None:
    assert alike(RUMOUR, other) < 0.2


def test_texts_of_too_different_a_length_are_not_compared() -> None:
    long = " ".join(f"{chr(97 + a)}{chr(97 + b)}{chr(97 + c)}" for a in range(20) for b in range(20) for c in range(20))
    assert alike(RUMOUR, RUMOUR + long) == 0


def test_of_long_texts_the_sketch_tells_what_they_share_within_some_hundredths() -> None:
    words = ["".join(chr(0x4E00 + (n * 7919 + k * 104_729) % 20_000) for k in range(50)) for n in range(60)]
    whole, half = "".join(words), "".join(words[:30]) + "".join(word[::-1] for word in words[30:])
    assert len(sketch(whole).hashes) == HASHES
    assert alike(whole, half) == pytest.approx(0.5, abs=0.2)


def test_a_text_weighs_as_many_letters_as_it_has_and_an_ideograph_is_two() -> None:
    assert sketch(fold("Good morning, 2 all!")).weight == 14
    assert sketch(fold("早上好 good")).weight == 10
    assert sketch(fold("おはよう")).weight == 8


def test_what_comes_after_the_first_thousands_of_letters_does_not_count() -> None:
    assert sketch("a" * COUNTED + RUMOUR) == sketch("a" * COUNTED)


def test_many_grams_with_unlikely_hashes_are_still_put_in_order() -> None:
    from compliance.checks.sketch import _smallest

    high = set(range(2**62, 2**62 + 1000))
    assert _smallest(high) == sorted(high)[:HASHES]


def test_another_process_makes_the_same_sketch() -> None:
    code = f"from compliance.checks.sketch import sketch; print(list(sketch({RUMOUR!r}).hashes))"
    seeds = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, timeout=60
        ).stdout
        for seed in ("1", "2")
    ]
    assert seeds[0] == seeds[1] == f"{list(sketch(RUMOUR).hashes)}\n".encode()
