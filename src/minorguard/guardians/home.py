"""Children and their guardians: who they are, what they set, what they consent to, and the mode.

``home.subject(child, at=at)`` is the child as the guard should see it::

    guard.decide(Play(home.subject(child, at=at), session="s-1"), at=at)

Everything else changes something, and answers with a ``Change``: true unless it was refused. Tell
the guard its ``facts``, so that sessions that run already are judged anew.

Whoever calls has to know who the caller is: ``guardian`` is a key that you have authenticated.
A ``Verified`` proof comes from a ``GuardianVerifier`` on your server (``PinDesk``, a face check),
never from a client. It is synchronous: guardians change things by hand, a few times a day; call
it in a thread where you await.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from minorguard.core.calendar import local
from minorguard.core.subject import GuardianSettings
from minorguard.guardians import choices, settings
from minorguard.guardians.changes import second
from minorguard.guardians.consent_desk import ConsentDesk
from minorguard.guardians.limits_desk import LimitsDesk
from minorguard.guardians.mode_desk import ModeDesk
from minorguard.guardians.strictness import NOTHING, Ground, merged, mode_minutes

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.core.subject import Subject


class Home(LimitsDesk, ConsentDesk, ModeDesk):
    """The guardians' book of a platform, in a ``RecordStore``. Safe to call from many threads.

    Raises ``InvalidRequest`` for what cannot be judged and ``StoreError`` where the store did not
    do its part: whether it was done is then asked by doing it again.
    """

    def subject(self, child: Subject, *, at: datetime, app: str = settings.WHOLE_DEVICE) -> Subject:
        """The child as it stands: guardian settings, valid consents, the mode.

        ``app``: what it uses; the settings for that app hold beside those for the whole device.
        Consents are those of the book alone; settings that ``child`` has already hold as well, and
        the mode is what was last known of it.
        """
        family = self._family(child, at)
        ages, mode = self._ages(child, at), family.mode
        in_mode = mode.on if mode.known else child.minors_mode
        held = settings.in_force(
            family.limits,
            Ground(mode_minutes(ages)),
            app=app,
            in_mode=in_mode,
            extra=family.extra_on(local(at).toordinal()),
        )
        own = choices.in_force(family.choices, ages)
        if own:
            # The child has no say on the night of the mode, so it vetoes none.
            mine = GuardianSettings(features=own, night_allowed=held.night_allowed)
            held = merged([held, mine])
        held = merged([held, child.guardian or NOTHING])
        return replace(
            child,
            guardian=None if held == NOTHING else held,
            consents=frozenset(family.consents(second(at))),
            minors_mode=in_mode,
        )
