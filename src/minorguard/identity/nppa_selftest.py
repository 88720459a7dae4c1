"""The eight cases that a game has to pass before the national system lets it in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.errors import ProviderRejected, ProviderUnavailable
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.nppa_presets import FAILED_AIS, PRESETS, TEST_CASES
from minorguard.identity.secrets import PersonName
from minorguard.identity.verification import Claim, Verification
from minorguard.identity.wire_messages import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from minorguard.identity.nppa import NppaClient

Verdict = Literal["passed", "failed", "unavailable"]

APIS = ("check",) * 3 + ("query",) * 3 + ("loginout",) * 2
EXPECTED = ("verified", "pending", "failed", "verified", "pending", "failed", "taken", "taken")

GOOD, BUSY = PRESETS[0], PRESETS[8]
NOBODY = "300000000000000009"
"""Any data but the presets fails its check."""


class Outcome(NamedTuple):
    """How a case went. ``got``: an identity, ``taken``, or what there was instead.

    ``code``: the official code, where there was one.
    """

    case: str
    api: str
    expected: str
    got: str
    verdict: Verdict
    code: int | None = None


def selftest(
    open_client: Callable[[str], NppaClient],
    codes: Mapping[str, str],
    clock: Callable[[], datetime],
) -> Iterator[Outcome]:
    """Run the eight cases one after the other. ``open_client`` gets the test code of each."""
    for case, api, expected in zip(TEST_CASES, APIS, EXPECTED, strict=True):
        with open_client(codes[case]) as client:
            yield Outcome(case, api, expected, *_outcome(client, case, expected, clock()))


def _outcome(
    client: NppaClient, case: str, expected: str, now: datetime
) -> tuple[str, Verdict, int | None]:
    try:
        got, code = _ask(client, case, now)
    except ProviderRejected as error:
        return error.reason, "failed", int(error.code)
    except ProviderUnavailable as error:
        return str(error), "unavailable", None
    return got, "passed" if got == expected else "failed", code


def _ask(client: NppaClient, case: str, now: datetime) -> tuple[str, int | None]:
    if case in TEST_CASES[:3]:
        claims = {"testcase01": (GOOD, GOOD.ai), "testcase02": (BUSY, BUSY.ai)}
        person, ai = claims.get(case, (GOOD, NOBODY))
        claim = Claim(ai, PersonName(person.name), IdNumber.parse(person.number))
        answer = client.check(claim, at=now)
    elif case in TEST_CASES[3:6]:
        asked = {"testcase04": GOOD.ai, "testcase05": BUSY.ai, "testcase06": FAILED_AIS[0]}
        answer = client.query(Verification("pending", asked[case], None, now), at=now)
    else:
        return _report(client, case, now)
    if answer.status == "verified" and answer.person != GOOD.pi:
        return "another pi", None
    return answer.status, None


def _report(client: NppaClient, case: str, now: datetime) -> tuple[str, int | None]:
    session, second = os.urandom(16).hex(), int(now.timestamp()) - 1
    if case == "testcase07":
        event = Event(session=session, kind="login", at_s=second, device=os.urandom(16).hex())
    else:
        event = Event(session=session, kind="login", at_s=second, pi=GOOD.pi)
    failed = client.report([event])
    return ("an item was not taken", failed[0].code) if failed else ("taken", None)
