"""Asking the national real-name system: a request made ready to send, without the network.

The floor is one SHA-256 of 200 bytes with the standard library: what the signature alone costs.
The request is a whole one: checked, as JSON, sealed with AES-128-GCM under a fresh nonce, signed.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

from harness import Row, case, interleave

from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.secrets import PersonName
from minorguard.identity.wire import unseal, verify_sign
from minorguard.identity.wire_messages import CheckRequest, Credentials, check_call, query_call

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 120
CALLS = 64
AT_MS = 1_584_949_895_758

# The key, the names and the presets that the official documents print; nobody's.
KEY = "2836e95fcd10e04b0069bb1ee659955b"
GAME = Credentials("test-appId", "test-bizId", KEY)
NAME, NUMBER = "某一一", "110000190101010001"


def rows() -> Iterator[Row]:
    """All rows about identity."""
    name, number = PersonName(NAME), IdNumber.parse(NUMBER)
    texts = [os.urandom(200) for _ in range(CALLS)]
    asked = [(f"1{n:017}", os.urandom(12)) for n in range(CALLS)]

    def check(ai: str, nonce: bytes) -> object:
        request = CheckRequest(ai, name, number)
        return check_call(GAME, request, timestamp_ms=AT_MS, nonce=nonce)

    def query(ai: str, _: bytes) -> object:
        return query_call(GAME, ai, timestamp_ms=AT_MS)

    def read(_: str, __: bytes) -> object:
        return PersonName(NAME), IdNumber.parse(NUMBER)

    looped = "for a, b in inputs: "
    cases = [
        case("loop of 1", "for a in inputs: pass", {"inputs": texts}, calls=CALLS, passes=40),
        case("loop of 2", f"{looped}pass", {"inputs": asked}, calls=CALLS, passes=40),
        case(
            "sha",
            "for a in inputs: call(a).hexdigest()",
            {"call": sha256, "inputs": texts},
            calls=CALLS,
            passes=40,
            loop="loop of 1",
        ),
    ]
    cases += [
        case(
            call.__name__,
            f"{looped}call(a, b)",
            {"call": call, "inputs": asked},
            calls=CALLS,
            passes=4,
            loop="loop of 2",
        )
        for call in (check, query, read)
    ]
    rounds = interleave(cases, ROUNDS)
    for what, call, goal in (
        ("a check built, sealed, signed / SHA-256 of 200 bytes", "check", 14),
        ("a query built, signed / SHA-256 of 200 bytes", "query", None),
        ("a name and a number read / SHA-256 of 200 bytes", "read", None),
    ):
        yield Row(
            group="wire",
            what=what,
            value=rounds.ratio(call, "sha"),
            goal=goal,
            ns=rounds.ns(call),
            void=_wrong(asked[0]),
        )


def _wrong(asked: tuple[str, bytes]) -> str:
    """Why the figures must not be read: what was sealed and signed is not what was asked."""
    ai, nonce = asked
    request = CheckRequest(ai, PersonName(NAME), IdNumber.parse(NUMBER))
    call = check_call(GAME, request, timestamp_ms=AT_MS, nonce=nonce)
    signed = {name: call.headers[name] for name in ("appId", "bizId", "timestamps")}
    verify_sign(KEY, signed, call.body, call.headers["sign"])
    right = f'{{"ai":"{ai}","name":"{NAME}","idNum":"{NUMBER}"}}'
    return "" if unseal(KEY, call.body).decode() == right else "the body is not the request"
