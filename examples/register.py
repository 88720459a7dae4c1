"""A player registers: in progress at first, then verified, then plays.

Against a fake national real-name system on this machine, over TLS; needs minorguard[nppa]:

    python examples/register.py

For the real one leave out ``base_url`` and ``ssl_context``, and take the keys from the environment:
``Credentials(app_id, biz_id, Secret(os.environ["NPPA_KEY"]))``.
"""

from datetime import datetime, timedelta

from minorguard import ZONE, Decision, Guard, Left, Play, Spend, law, stores
from minorguard.identity.id_numbers import IdNumber
from minorguard.identity.nppa import Event, NppaClient, due
from minorguard.identity.secrets import PersonName
from minorguard.identity.verification import Claim
from minorguard.testing.nppa import FakeNppa

FRIDAY = datetime(2026, 11, 20, 20, 5, tzinfo=ZONE)
NAME, NUMBER = "测试甲", "11000020140501001X"  # made up


def show(what: str, decision: Decision) -> None:
    said = "allowed" if decision else ", ".join(finding.code for finding in decision.reasons)
    print(f"{what}: {said}", *decision.degraded)


with FakeNppa() as fake:
    fake.knows(NAME, NUMBER, "pending")
    guard = Guard(law("cn.game"), store=stores.open("memory:"))
    official = NppaClient(fake.credentials, base_url=fake.url, ssl_context=fake.client_context())

    # 1. She registers. The service wants time; until it answers she may play as a minor, and pay
    # nothing.
    claim = Claim("p-81", PersonName(NAME), IdNumber.parse(NUMBER))
    known = official.check(claim, at=FRIDAY)
    print("registered:", known.status)
    child = known.subject(now=FRIDAY)
    show("plays", guard.decide(Play(child, session="s-1"), at=FRIDAY))
    show("pays 1 yuan", guard.decide(Spend(child, fen=100, order="A1"), at=FRIDAY))

    # 2. The service is asked again when that is due, and has an answer.
    fake.settle("p-81", "success")
    later = due(known, queried=0)
    print("asked again after", later - FRIDAY)
    known = known.moved(official.query(known, at=later))
    print("registered:", known.status, "at the age of", known.evidence.range.at_least)

    # 3. She plays under her own key, which is the same in every game, until nine o'clock.
    guard.record(Left(child, session="s-1"), at=later)
    child = known.subject(now=later)
    seat = guard.decide(Play(child, session="s-2"), at=later)
    show("plays", seat)
    print("until", f"{seat.until:%H:%M}")
    show("pays 1 yuan", guard.decide(Spend(child, fen=100, order="A2"), at=later))

    # 4. Who comes and goes is reported, at the latest three minutes after.
    seconds_ago = int((datetime.now(ZONE) - timedelta(seconds=2)).timestamp())
    refused = official.report(
        [Event(session="s-2", kind="login", at_s=seconds_ago, pi=known.person)]
    )
    print("reported:", refused or "all")

    # 5. At nine it is over.
    show("plays at nine", guard.decide(Play(child, session="s-3"), at=FRIDAY.replace(hour=21)))
    official.close()
