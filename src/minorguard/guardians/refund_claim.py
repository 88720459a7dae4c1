"""A refund claim: who claims what, on what evidence, and every step since, in writing.

A claim is its steps. Nothing that was said or shown is written over: a decision, a proposal, a
piece of evidence and a newer dossier each are a step, with who and when.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from minorguard.core.subject import want_int
from minorguard.errors import InvalidRequest, StoreUnavailable
from minorguard.guardians import bodies
from minorguard.guardians.bodies import want_key, want_text
from minorguard.guardians.dossier import Dossier, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from minorguard.guardians.bodies import Json
    from minorguard.stores.records import Record

KIND: Final = "claim"

ClaimState = Literal[
    "submitted", "reviewing", "granted", "partly_granted", "refused", "withdrawn"
]  # fmt: skip
STATES: tuple[ClaimState, ...] = get_args(ClaimState)
OPEN: tuple[ClaimState, ...] = ("submitted", "reviewing")

Claimant = Literal["guardian", "minor", "account_holder"]
CLAIMANTS: tuple[Claimant, ...] = get_args(Claimant)

Ground = Literal["minor_account", "minor_on_adult_account", "other"]
"""On whose account a minor is said to have paid: the first two are minors' claims."""
GROUNDS: tuple[Ground, ...] = get_args(Ground)

Queue = Literal["minors", "others"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
"""In the order in which they are served."""

What = Literal["submitted", "taken", "added", "proposed", "decided", "withdrawn"]

TEXT_CHARS_MAX: Final = 10_000
WHERE_BYTES_MAX: Final = 2_000
EXHIBITS_MAX: Final = 50
"""Of one step."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A piece of evidence that is kept elsewhere: a payment slip, a chat with the help desk.

    ``kind``: a word for it. ``sha256``: of its bytes, 64 hexadecimal digits, so that nobody can
    put another in its place. ``where``: where it lies, as the platform seals it; opaque here.
    """

    kind: str
    sha256: str
    where: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        want_key(self.kind, "claim.exhibits.kind")
        if type(self.sha256) is not str or not _SHA256.fullmatch(self.sha256):
            raise InvalidRequest("claim.exhibits.sha256", "want 64 hexadecimal digits")
        if type(self.where) is not bytes or len(self.where) > WHERE_BYTES_MAX:
            raise InvalidRequest("claim.exhibits.where", f"want bytes, at most {WHERE_BYTES_MAX}")


@dataclass(frozen=True, slots=True)
class Shares:
    """A proposal who bears how much, in per cent. Never law: it decides nothing here.

    ``source``: where the numbers come from, in words. The only published ones are those of the
    consultation text of 2024-05-28 of a voluntary group standard, 《未成年人网络游戏服务消费管理
    要求》, whose final text nobody has found; none of them is built in.
    """

    source: str
    provider_percent: int
    guardian_percent: int

    def __post_init__(self) -> None:
        want_text(self.source, "shares.source", TEXT_CHARS_MAX)
        want_int(self.provider_percent, "shares.provider_percent", 0, 100)
        want_int(self.guardian_percent, "shares.guardian_percent", 0, 100)
        if self.provider_percent + self.guardian_percent != 100:  # noqa: PLR2004 - per cent
            raise InvalidRequest("shares", "want shares that make 100 per cent together")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to a claim: what, the state after it, when, who, in what words.

    ``exhibits`` and ``dossier``: what came to the file with it. ``refunds``: of a decision, how
    many fen of which order go back. ``shares``: of a proposal.
    """

    what: What
    state: ClaimState
    at: datetime
    who: str = field(repr=False)
    words: str = field(default="", repr=False)
    exhibits: tuple[Exhibit, ...] = ()
    dossier: Dossier | None = field(default=None, repr=False)
    refunds: Mapping[str, int] = field(default_factory=dict[str, int], repr=False)
    shares: Shares | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundClaim:
    """A claim as it was read: on whose account, and all that happened to it since.

    ``record``: what the next step starts from.
    """

    id: str
    person: str = field(repr=False)
    by: Claimant
    ground: Ground
    steps: tuple[Step, ...] = field(repr=False)
    record: Record = field(repr=False, compare=False)

    @property
    def state(self) -> ClaimState:
        """Where it stands."""
        return self.steps[-1].state

    @property
    def queue(self) -> Queue:
        """Which queue it waits in."""
        return queue_of(self.ground)

    @property
    def at(self) -> datetime:
        """When it was submitted."""
        return self.steps[0].at

    @property
    def claimant(self) -> str:
        """Who claims, by their key."""
        return self.steps[0].who

    @property
    def statement(self) -> str:
        """What the claimant says."""
        return self.steps[0].words

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """All evidence, in the order in which it came."""
        return tuple(exhibit for step in self.steps for exhibit in step.exhibits)

    @property
    def dossier(self) -> Dossier:
        """What it rests on, as it was told last."""
        told = (step.dossier for step in reversed(self.steps) if step.dossier is not None)
        return next(told)

    @property
    def clerk(self) -> str | None:
        """Who took it last; ``None`` as long as nobody did."""
        return next((step.who for step in reversed(self.steps) if step.what == "taken"), None)

    @property
    def decision(self) -> Step | None:
        """What was decided, by whom, when and why; ``None`` while it is open or was withdrawn."""
        return self.steps[-1] if self.steps[-1].what == "decided" else None


def queue_of(ground: Ground) -> Queue:
    """Minors' claims wait in a queue of their own."""
    return "others" if ground == "other" else "minors"


# -- as it is kept -------------------------------------------------------------------------------


def claim_of(record: Record) -> RefundClaim:
    """The claim that a record holds, also the one that ``Moved`` shows."""
    content = bodies.from_bytes(record.body, KIND)
    try:
        claim = RefundClaim(
            id=record.id,
            person=content["person"],
            by=content["by"],
            ground=content["ground"],
            steps=tuple(map(_from_step, content["steps"])),
            record=record,
        )
        whole = claim.state == record.state and claim.steps[0].dossier is not None
    except (KeyError, IndexError, TypeError, ValueError):
        whole, claim = False, None
    if claim is None or not whole:
        raise StoreUnavailable(f"a broken {KIND} document")
    return claim


def step_of(
    what: What,
    state: ClaimState,
    at: datetime,
    who: str,
    words: str = "",
    *,
    exhibits: Iterable[Exhibit] = (),
    dossier: Dossier | None = None,
) -> Json:
    """One step as it is kept; what is empty is left out."""
    shown = [[one.kind, one.sha256, one.where.hex()] for one in exhibits]
    if len(shown) > EXHIBITS_MAX:
        raise InvalidRequest("claim.exhibits", f"want at most {EXHIBITS_MAX} at once")
    step: Json = {
        "what": what,
        "state": state,
        "at": bodies.stamp(at),
        "who": want_key(who, "claim.who"),
        "words": want_text(words, "claim.words", TEXT_CHARS_MAX, optional=True),
    }
    if shown:
        step["exhibits"] = shown
    if dossier is not None:
        step["dossier"] = to_json(dossier)
    return step


def _from_step(content: Json) -> Step:
    shares: list[Any] | None = content.get("shares")
    dossier: Json | None = content.get("dossier")
    return Step(
        what=content["what"],
        state=content["state"],
        at=bodies.instant(content["at"]),
        who=content["who"],
        words=content["words"],
        exhibits=tuple(Exhibit(k, s, bytes.fromhex(w)) for k, s, w in content.get("exhibits", ())),
        dossier=None if dossier is None else from_json(dossier),
        refunds=content.get("refunds", {}),
        shares=None if shares is None else Shares(*shares),
    )


def orders_in(step: Json) -> list[str]:
    """The orders of a step's dossier."""
    return [one["order"] for one in step["dossier"]["orders"]]
