"""``minorguard doctor``: what an operator should know before the children come."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.cli.options import FAULTS, OK, Commands, lang_of
from minorguard.errors import MinorguardError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

DAYS_AHEAD = 60
"""How far the holidays should be known: notices come out in the autumn before."""

MARKS = {"ok": "ok  ", "warning": "warn", "fault": "BAD "}
WORDS = {
    "law": {"zh": "{0} 修订 {1}，摘要 {2}", "en": "{0} revision {1}, digest {2}"},
    "calendar": {"zh": "放假安排已载入至 {0} 年", "en": "holidays are known to the end of {0}"},
    "calendar_ends": {
        "zh": "{1} 起的放假安排尚未载入（已有至 {0} 年），届时只按周五、周六、周日处理；"
        "通知发布后用 --notice 载入",
        "en": "holidays are known to the end of {0}; from {1} on only Friday, Saturday and Sunday "
        "will count; load the notice with --notice when it is out",
    },
    "plain_http": {
        "zh": "国家实名系统的这个接口按规范走明文 HTTP：{0}",
        "en": "by its specification this interface is plain HTTP: {0}",
    },
    "store": {"zh": "存储可用，设置安全", "en": "the store answers, and is set up safely"},
    "failed": {"zh": "{0}", "en": "{0}"},
}  # fmt: skip


class Found(NamedTuple):
    """One thing that was looked at."""

    check: str
    state: Literal["ok", "warning", "fault"]
    words: str
    facts: tuple[str, ...] = ()

    def text(self, lang: str) -> str:
        """In words."""
        return WORDS[self.words][lang].format(*self.facts)


def add_commands(commands: Commands) -> None:
    """Add the command."""
    doctor = commands.add_parser("doctor", help="what an operator should know of this set-up")
    doctor.add_argument("--store", metavar="URL", help="a store to open and look at")
    doctor.add_argument("--notice", metavar="FILE", action="append", default=[])
    doctor.add_argument("--lang", choices=("zh", "en"), default="zh")
    doctor.add_argument("--json", action="store_true", help="a line of JSON for each finding")
    doctor.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    good, lang = True, lang_of(args)
    for found in (*_laws(args.notice), *_identity(), *_store(args.store)):
        good &= found.state != "fault"
        line = f"{MARKS[found.state]}  {found.check}: {found.text(lang)}"
        if args.json:
            facts = {"check": found.check, "state": found.state, "message": found.text(lang)}
            line = json.dumps(facts, ensure_ascii=False)
        sys.stdout.write(line + "\n")
    return OK if good else FAULTS


def _laws(notices: list[str]) -> Iterator[Found]:
    from minorguard.core.calendar import ZONE
    from minorguard.packs import KNOWN_LAWS, law

    for name in KNOWN_LAWS:
        loaded = law(name, notices=notices)  # also compares every edition with its locked digest
        for stamp in loaded.stamps:
            yield Found("law", "ok", "law", (stamp.id, stamp.revision, stamp.digest[:19]))
    calendar = law(KNOWN_LAWS[0], notices=notices).calendar
    last = max(notice.year for notice in calendar.notices)
    soon = datetime.now(ZONE).date() + timedelta(days=DAYS_AHEAD)
    if calendar.announced(soon.toordinal()):
        yield Found("calendar", "ok", "calendar", (str(last),))
    else:
        yield Found("calendar", "warning", "calendar_ends", (str(last), f"{last}-12-25"))


def _identity() -> Iterator[Found]:
    from minorguard.identity.nppa_places import Places

    for address in Places.of(None, None).plain_http:
        yield Found("nppa", "warning", "plain_http", (address,))


def _store(url: str | None) -> Iterator[Found]:
    if url is None:
        return
    from minorguard import stores

    try:
        store = stores.open(url)
        store.load("time/doctor/nobody")
        store.close()
    except MinorguardError as error:
        yield Found("store", "fault", "failed", (f"{type(error).__name__}: {error}",))
    else:
        yield Found("store", "ok", "store")
