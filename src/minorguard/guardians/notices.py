"""Rights notices and health tips: which words were shown to whom, when, and what is due again.

未成年人网络保护条例 art. 20(1)(iv) has large platforms tell minors their rights and remedies
prominently; 移动互联网未成年人模式建设指南 四(二)1 and 人工智能拟人化互动服务管理暂行办法 art. 18
have people reminded to rest. A notice has versions: the words of a version never change, and a new
version is due to everybody again. Nothing here says how often a tip is repeated: ``remind_rest``
in a decision does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, get_args

from minorguard.core.calendar import local
from minorguard.core.decision import Lang
from minorguard.core.subject import want_int
from minorguard.errors import InvalidRequest, StoreUnavailable
from minorguard.guardians import bodies
from minorguard.guardians.bodies import want_key, want_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from minorguard.stores.records import Record, RecordStore

KIND: Final = "notice"
KIND_SHOWN: Final = "notice-shown"

LANGS: tuple[Lang, ...] = get_args(Lang)

NoticeKind = Literal["rights", "health_tip", "rules"]
"""The minor's rights and remedies, advice on health and time, the platform's own rules."""
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)

_NOTICE_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")
"""Without @ and : so that notice, version and person never run into each other."""

VERSION_MAX: Final = 1_000_000
TEXT_CHARS_MAX: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One version of a notice, in Chinese and in English.

    ``id``: which notice, 1-40 characters of ``A-Z a-z 0-9 _ . -``. ``version``: from 1 on, a higher
    one is newer. ``since``: from when it is to be shown. ``texts``: both languages. ``basis``: the
    articles it tells of, in words.
    """

    id: str
    version: int
    kind: NoticeKind
    since: datetime
    texts: Mapping[Lang, str] = field(repr=False)
    basis: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if type(self.id) is not str or not _NOTICE_ID.fullmatch(self.id):
            raise InvalidRequest("notice.id", "want 1-40 characters of A-Z a-z 0-9 _ . -")
        want_int(self.version, "notice.version", 1, VERSION_MAX)
        if self.kind not in NOTICE_KINDS:
            raise InvalidRequest("notice.kind", f"want one of {', '.join(NOTICE_KINDS)}")
        if set(self.texts) != set(LANGS):
            raise InvalidRequest("notice.texts", f"want exactly {', '.join(LANGS)}")
        for lang, text in self.texts.items():
            want_text(text, f"notice.texts.{lang}", TEXT_CHARS_MAX)
        object.__setattr__(self, "since", local(self.since, "notice.since"))
        object.__setattr__(self, "texts", dict(self.texts))
        object.__setattr__(self, "basis", tuple(self.basis))

    @property
    def key(self) -> str:
        """Notice and version, as one word."""
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Shown:
    """That somebody was shown a version for the first time: in which language, when."""

    notice: str
    version: int
    person: str = field(repr=False)
    lang: Lang
    at: datetime


class Notices:
    """The texts and who has seen them, over a ``RecordStore``.

    What ``shown`` has acknowledged survives ``kill -9``; told twice it is kept once, the first
    time. Every method may raise what the store raises.
    """

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    # -- texts ----------------------------------------------------------------------------------

    def publish(self, notice: Notice) -> Notice:
        """Keep a version for ever; published again it is what it was.

        Other words under the same version are ``InvalidRequest``: what people were shown stays.
        """
        body = bodies.to_bytes(
            {
                "kind": notice.kind,
                "since": bodies.stamp(notice.since),
                "texts": notice.texts,
                "basis": notice.basis,
            }
        )
        there = self._records.append(
            KIND, notice.key, group=notice.id, state="published", body=body
        )
        if there.body != body:
            raise InvalidRequest("notice.version", "this version has other words already")
        return notice

    def versions(self, notice_id: str) -> tuple[Notice, ...]:
        """All versions of a notice, the oldest first."""
        found = map(_notice_of, bodies.all_of(self._records, KIND, group=notice_id))
        return tuple(sorted(found, key=lambda notice: notice.version))

    def current(self, notice_id: str, *, at: datetime) -> Notice | None:
        """The version that is to be shown at an instant: the highest whose time has come."""
        at = local(at)
        come = (notice for notice in self.versions(notice_id) if notice.since <= at)
        return max(come, key=lambda notice: notice.version, default=None)

    # -- who has seen them ----------------------------------------------------------------------

    def due(self, person: str, notice_ids: Iterable[str], *, at: datetime) -> tuple[Notice, ...]:
        """The notices, each in its current version, that this person has still to be shown."""
        wanted = (self.current(notice_id, at=at) for notice_id in notice_ids)
        return tuple(n for n in wanted if n is not None and not self.has_seen(person, n))

    def shown(self, person: str, notice: Notice, *, lang: Lang, at: datetime) -> Shown:
        """Record that this person was shown a version. Returns when that was for the first time."""
        if lang not in LANGS:
            raise InvalidRequest("shown.lang", f"want one of {', '.join(LANGS)}")
        at = local(at)
        if at < notice.since:
            raise InvalidRequest("shown.at", "want an instant at which the version is shown")
        if self._records.get(KIND, notice.key) is None:
            raise InvalidRequest("shown.notice", "want a version that was published")
        record = self._records.append(
            KIND_SHOWN,
            f"{notice.key}:{want_key(person, 'shown.person')}",
            group=person,
            state=notice.key,
            body=bodies.to_bytes({"lang": lang, "at": bodies.stamp(at)}),
        )
        return _shown_of(record)

    def has_seen(self, person: str, notice: Notice) -> bool:
        """Whether this person was ever shown that version, in whatever language."""
        name = f"{notice.key}:{want_key(person, 'shown.person')}"
        return self._records.get(KIND_SHOWN, name) is not None

    def seen_by(self, person: str) -> Iterator[Shown]:
        """All that this person was ever shown, in the order in which it was."""
        return map(_shown_of, bodies.all_of(self._records, KIND_SHOWN, group=person))

    def seen(self, notice: Notice) -> Iterator[Shown]:
        """Everybody who was shown that version, in the order in which they were."""
        return map(_shown_of, bodies.all_of(self._records, KIND_SHOWN, state=notice.key))

    def unseen(self, notice: Notice, people: Iterable[str]) -> Iterator[str]:
        """Of these people, those who have not been shown that version. One look-up each."""
        return (person for person in people if not self.has_seen(person, notice))

    def forget(self, person: str) -> None:
        """Erase what this person was shown."""
        for record in tuple(bodies.all_of(self._records, KIND_SHOWN, group=person)):
            self._records.erase(KIND_SHOWN, record.id)


def _notice_of(record: Record) -> Notice:
    content = bodies.from_bytes(record.body, KIND)
    try:
        return Notice(
            id=record.group,
            version=int(record.id.rpartition("@")[2]),
            kind=content["kind"],
            since=bodies.instant(content["since"]),
            texts=content["texts"],
            basis=tuple(content["basis"]),
        )
    except (KeyError, TypeError, ValueError):
        raise StoreUnavailable(f"a broken {KIND} document") from None


def _shown_of(record: Record) -> Shown:
    content = bodies.from_bytes(record.body, KIND_SHOWN)
    notice, _, version = record.state.rpartition("@")
    try:
        at = bodies.instant(content["at"])
        return Shown(notice, int(version), record.group, content["lang"], at)
    except (KeyError, TypeError, ValueError):
        raise StoreUnavailable(f"a broken {KIND_SHOWN} document") from None
