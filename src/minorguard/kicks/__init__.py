"""Ends sessions when their leases end, warns before, and asks for renewals in time.

For a server on asyncio that keeps its sessions in this process, a doorkeeper does all of it:

    keeper = Doorkeeper(guard)
    seat = await keeper.enter(Play(who, session="s-1"))   # a login; and keeper.leave("s-1")
    await keeper.run(warn=..., end=...)                   # one task, beside the server

Under it, and for threads, or a million players in one process, is the schedule: whoever may play
until nine shares one slot of a wheel, and at nine the slot is handed over as one list.

    schedule = KickSchedule()
    schedule.put("s-1", seat)          # after every allowed Play, renewals too
    schedule.drop("s-1")               # the player left, or was shown out
    await schedule.run(warn=..., renew=..., end=...)   # or run_in_thread, or ask ``due`` yourself

What holds, whatever the order of calls:

* An end comes at ``lease_until``: never before, and with the first look at the clock from then on.
* An end that nobody answers with ``drop`` or ``put`` comes again, once a look, each second.
* A renewal comes before the end and only ever earlier than it must, so renewals do not pile up;
  by how much is fixed by the session's name. Where the lease reaches ``until`` there is none.
* A renewal that nobody answers comes again at each quarter of what was left, until the end.
* Nobody is warned twice for the same instant, and nobody is warned or renewed after the end.
* What is late is still given, in the order in which it was due.
* A clock that is set back repeats nothing, and what was due stays due.
* What waits is one entry a session, and one for each seat that was replaced or dropped; such a
  stale entry goes when its second comes. So a session that renews for ever has two.
"""

from minorguard.kicks.doorkeeper import Doorkeeper
from minorguard.kicks.schedule import KickSchedule
from minorguard.kicks.timetable import Events, Seat, Timetable, Wheel

__all__ = ["Doorkeeper", "Events", "KickSchedule", "Seat", "Timetable", "Wheel"]
