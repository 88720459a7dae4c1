"""The part of ``Home`` for settings: set, confirm, cancel, choose, and more time for today."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from minorguard.core.subject import want_int
from minorguard.errors import InvalidRequest
from minorguard.guardians import choices, settings
from minorguard.guardians.bodies import want_key
from minorguard.guardians.changes import Code, moment, prover, sealed
from minorguard.guardians.desk import Act, Desk, Done
from minorguard.guardians.family import APPS_MAX, Extra
from minorguard.guardians.overreach import overreach_of
from minorguard.guardians.settings import (
    CONFIRM_WITHIN_S,
    DAY_MINUTES,
    LOOSENING_WAITS_S,
    WHOLE_DEVICE,
    Waiting,
)
from minorguard.guardians.strictness import checked, ground_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from minorguard.core.features import Feature
    from minorguard.core.subject import FeatureValue, GuardianSettings, Subject
    from minorguard.guardians.changes import Change, Role, Second, Verified
    from minorguard.guardians.family import Family


class Pending(NamedTuple):
    """A loosening that waits, for the page where a guardian cancels it.

    ``until``: when it will hold; ``None``: it is not confirmed, and lapses at ``lapses``.
    """

    id: str
    guardian: str
    app: str
    by: str
    fields: tuple[str, ...]
    until: datetime | None
    lapses: datetime


class LimitsDesk(Desk):
    """What guardians set for a child, and what the child chooses."""

    def set(
        self,
        child: Subject,
        guardian: str,
        wanted: GuardianSettings,
        *,
        at: datetime,
        app: str = WHOLE_DEVICE,
        proof: Verified | None = None,
        table: Iterable[Feature] | None = None,
    ) -> Change:
        """One guardian's settings for one app, or for the whole device: all of them, anew.

        What is stricter than what holds acts at once. What is looser (``change.loosens``) needs a
        fresh ``proof`` of this guardian, then ``confirm`` with ``change.code``, which is sent by a
        second channel (never to the child's device), and holds 24 hours after that.
        ``table``: ``guard.features`` of the child without guardian settings; the law's own if none.
        ``change.overreach``: what law forbids anyway.
        """
        want_key(guardian, "guardian")
        checked(wanted)
        if app != WHOLE_DEVICE:
            want_key(app, "app")
        ages, rows = self._ages(child, at), self._table(child, at, table)
        ground = ground_of(ages, rows)
        over = overreach_of(wanted, child, at, rows, self._law)
        code = Code.new()

        def step(family: Family, now: Second) -> Done:
            if not family.tightens(guardian):
                return Done(family, refused="not_a_guardian")
            apps = {where for who, where in family.limits.layers if who == guardian} | {app}
            if len(apps) > APPS_MAX:
                raise InvalidRequest("app", f"want settings for at most {APPS_MAX} apps")
            wait = None
            if family.proved(proof, at, guardian):
                name = str(family.seq + 1)
                wait = Waiting(
                    *(name, guardian, app, guardian, None, ()),
                    seal=sealed(code.reveal(), child.id, name),
                    lapses=now + CONFIRM_WITHIN_S,
                )
            said = settings.proposed(family.limits, (guardian, app), wanted, ground, wait)
            answer: dict[str, Any] = {
                "fields": said.fields,
                "loosens": said.loosens,
                "overreach": over,
            }
            waits = said.waits
            if waits is not None:
                answer["id"] = waits.id
                if waits.due is not None:
                    answer["waits_until"] = moment(waits.due)
                elif wait is not None and waits.id == wait.id:
                    answer["code"] = code
            kept: dict[str, Any] = {"app": app, "fields": said.fields, "loosens": said.loosens}
            if waits is not None:
                kept["id"] = waits.id
            kept["wanted"] = _plain(wanted)
            after = family._replace(limits=said.limits)
            return Done(after, kept if said.done else None, answer, said.refused)

        return self._do(Act("set", child, guardian, "guardian"), at, step)

    def confirm(self, child: Subject, change: str, code: str, *, at: datetime) -> Change:
        """The second channel has answered: the change holds in 24 hours, unless it is cancelled.

        The code is that of this change alone; told twice it is done once, and the time stands.
        """

        def step(family: Family, now: Second) -> Done:
            waits = family.limits.find(change)
            if waits is None:
                return Done(family, refused="unknown_change")
            if not settings.is_code_of(waits, child.id, code):
                return Done(family, refused="wrong_code")
            limits = settings.confirmed(family.limits, waits, now)
            due = now + LOOSENING_WAITS_S if waits.due is None else waits.due
            answer = {"id": change, "waits_until": moment(due), "loosens": waits.fields}
            return Done(family._replace(limits=limits), {"id": change, "due": due}, answer)

        by = next((one.by for one in self.waiting(child, at=at) if one.id == change), child.id)
        return self._do(Act("confirmed", child, by, "guardian"), at, step)

    def cancel(self, child: Subject, change: str, guardian: str, *, at: datetime) -> Change:
        """A guardian stops what waits, whoever of them asked for it. No proof is needed."""
        want_key(guardian, "guardian")

        def step(family: Family, now: Second) -> Done:
            del now
            waits = family.limits.find(change)
            if not family.tightens(guardian):
                return Done(family, refused="not_a_guardian")
            if waits is None:
                return Done(family, refused="unknown_change")
            limits = settings.cancelled(family.limits, waits)
            return Done(family._replace(limits=limits), {"id": change}, {"id": change})

        return self._do(Act("cancelled", child, guardian, "guardian"), at, step)

    def waiting(self, child: Subject, *, at: datetime) -> tuple[Pending, ...]:
        """What waits to be loosened: show it to every guardian."""
        return tuple(
            Pending(
                *(one.id, one.guardian, one.app, one.by, one.fields),
                until=None if one.due is None else moment(one.due),
                lapses=moment(one.lapses),
            )
            for one in self._family(child, at).limits.waiting
        )

    def extra_today(
        self,
        child: Subject,
        minutes: int,
        *,
        at: datetime,
        proof: Verified | None,
        app: str = WHOLE_DEVICE,
    ) -> Change:
        """So many minutes more today, in all, at once; said again it replaces, 0 takes them back.

        It raises this guardian's own minutes, or the mode's total where no guardian has set any,
        in the minors' mode only: no window, no night, no cap and no law.
        """
        want_int(minutes, "minutes", 0, DAY_MINUTES)
        if app != WHOLE_DEVICE:
            want_key(app, "app")

        def step(family: Family, now: Second) -> Done:
            if proof is None or not family.proved(proof, at):
                return Done(family, refused="guardian_verification_required")
            today = moment(now).toordinal()
            extras = {layer: extra for layer, extra in family.extras.items() if extra.day >= today}
            extras[proof.guardian, app] = Extra(today, minutes)
            said = {"app": app, "minutes": minutes}
            return Done(family._replace(extras=extras), said, {"fields": ("daily_minutes",)})

        by = prover(proof, child.id)
        return self._do(Act("extra", child, by, "guardian"), at, step)

    # -- the child's own choices -----------------------------------------------------------------

    def choose(
        self,
        child: Subject,
        wanted: Mapping[str, FeatureValue],
        *,
        at: datetime,
        table: Iterable[Feature] | None = None,
    ) -> Change:
        """The child sets toggles of its own: stricter always, looser from fourteen.

        The guardians' settings hold beside them: of two the stricter. Needs the ``table``, or a
        law. All of it is taken, or none.
        """
        ages, rows = self._ages(child, at), self._table(child, at, table)

        def step(family: Family, now: Second) -> Done:
            del now
            said = choices.chosen(family.choices, wanted, rows, ages)
            answer = {"fields": said.fields, "loosens": said.loosens}
            kept = {"wanted": {toggle: wanted[toggle] for toggle in sorted(wanted)}}
            after = family._replace(choices=said.choices)
            return Done(after, kept if said.fields else None, answer, said.refused)

        return self._do(Act("chosen", child, child.id, "minor"), at, step)

    def release(
        self, child: Subject, toggles: Iterable[str], *, at: datetime, proof: Verified | None
    ) -> Change:
        """A guardian takes back toggles that the child chose and is too young to loosen again."""
        names = sorted(set(toggles))

        def step(family: Family, now: Second) -> Done:
            del now
            if not family.proved(proof, at):
                return Done(family, refused="guardian_verification_required")
            rest = {name: one for name, one in family.choices.items() if name not in names}
            fields = tuple(f"features.{name}" for name in names if name in family.choices)
            kept = {"fields": fields} if fields else None
            return Done(family._replace(choices=rest), kept, {"fields": fields})

        role: Role = "guardian"
        by = prover(proof, child.id)
        return self._do(Act("released", child, by, role), at, step)

    def _table(
        self, child: Subject, at: datetime, table: Iterable[Feature] | None
    ) -> tuple[Feature, ...]:
        if table is not None:
            return tuple(table)
        if self._law is None:
            return ()
        return tuple(self._law.features_of(replace(child, guardian=None), at=at))


def _plain(wanted: GuardianSettings) -> dict[str, object]:
    """The settings as the history keeps them: what was set, and nothing else."""
    found = {one.name: getattr(wanted, one.name) for one in fields(wanted) if one.init}
    return {name: said for name, said in found.items() if said not in (None, False, {})}
