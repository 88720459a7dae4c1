"""The made-up people of the official test system, and its eight cases. 测试系统说明 V1.2.

Public data: every name and number here is printed in that document and belongs to nobody.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Outcome = Literal["success", "pending", "failed"]

HANZI: Final = "一二三四五六七八"


class Person(NamedTuple):
    """A made-up person of the official test system."""

    ai: str
    name: str
    number: str
    outcome: Outcome
    pi: str | None


def _presets() -> tuple[Person, ...]:
    # 测试系统说明 V1.2: eight who succeed, eight who are in progress. Their numbers are fictional.
    good = ("0001", "0007", "0002", "0008", "001X", "0015", "0010", "0016")
    busy = ("0009", "0004", "000X", "0005", "0017", "0012", "0018", "0013")
    pis = (
        "1fffbjzos82bs9cnyj1dna7d6d29zg4esnh99u", "1fffbkmd9ebtwi7u7f4oswm9li6twjydqs7qjv",
        "1fffblf892i0p1zh6wlec2quukxtw29v4yismp", "1fffbmr55j92gttv5wxspm0mgvw8x3p0n7cy0j",
        "1fffbjqfba5y6uwr55cdak6faokhm4s02qkyue", "1fffbkrwndszes1sngfx3v6pdqh87fi4zhz9ur",
        "1fffbl6st3fbp199i8zh5ggcp84fgo3rj7pn1y", "1fffbmzwmr1k3y8bri2linqbhnvmu510u5jj6z",
    )  # fmt: skip
    people: list[Person] = []
    for n in range(8):
        day = f"010{n % 4 + 1}"
        number = f"1100001901{day}{good[n]}"
        people.append(Person(f"{10**17 + n + 1}", f"某一{HANZI[n]}", number, "success", pis[n]))
    for n in range(8):
        day = f"010{n % 4 + 1}"
        number = f"1100001902{day}{busy[n]}"
        people.append(Person(f"{2 * 10**17 + n + 1}", f"某二{HANZI[n]}", number, "pending", None))
    return tuple(people)


PRESETS: Final = _presets()
FAILED_AIS: Final = tuple(str(3 * 10**17 + n) for n in range(1, 9))
TEST_CASES: Final = tuple(f"testcase{n:02}" for n in range(1, 9))
