"""A family for the tests of guardians: a child, two guardians, and the words they are shown."""

from datetime import date, datetime, timedelta

from minorguard import ZONE, Subject
from minorguard.guardians import ConsentNotice, Verified

AT = datetime(2026, 11, 20, 18, 0, tzinfo=ZONE)  # a Friday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

CHILD = Subject("p-81", born=date(2013, 5, 1), identity="verified")
MOTHER, FATHER = "g-mother", "g-father"

NOTICE = ConsentNotice(
    purpose="提供问答陪伴服务",
    manner="在服务器上处理对话",
    scope="对话内容、使用时长",
    place="中华人民共和国境内",
    term="账号存续期间",
    at_expiry="删除",
    security="加密存储",
    refusal="不影响其他功能",
    complain="客服入口",
    correct_or_delete="设置页",
    policy="2026-11",
    refusal_offered=True,
)


def proof(guardian=MOTHER, at=AT, by="pin"):
    return Verified(guardian, by, at)


def family(home, *guardians, child=CHILD, at=AT - DAY):
    """A home in which the child has these guardians."""
    for number, guardian in enumerate(guardians or (MOTHER,)):
        agreed = proof(guardians[0], at) if number else None
        assert home.link(child, guardian, evidence=f"file {number}", at=at, proof=agreed)
    return home


def loosened(home, guardian, settings, *, child=CHILD, at=AT, **options):
    """A guardian loosens by the book: proof, second channel, a day."""
    change = home.set(child, guardian, settings, at=at, proof=proof(guardian, at), **options)
    assert change, change
    assert home.confirm(child, change.id, change.code.reveal(), at=at)
    return at + DAY
