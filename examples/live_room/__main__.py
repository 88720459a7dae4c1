"""An evening of live rooms and a claim, told line by line: ``python examples/live_room``."""

import sys
from argparse import ArgumentParser
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from backend import Backend

from minorguard import ZONE, ConsentGranted, Decision, ModeSwitch, Subject, Use, law
from minorguard.guardians.refund_claim import Exhibit
from minorguard.identity.evidence import AgeEvidence
from minorguard.identity.verification import Verification

options = ArgumentParser(prog="live_room", description="a live-streaming back end")
options.add_argument("--lang", choices=("zh", "en"), default="zh")
lang = options.parse_args().lang
sys.stdout.reconfigure(encoding="utf-8")

DUTIES = {
    "confirm_payment": ("短信提醒，请用户确认", "remind the user, who confirms by message"),
    "verify_host_identity": ("核验镜头前的人", "check who is before the camera"),
}


def on(day: int, time: str) -> datetime:
    """A time in November 2026, as the platform's clock says it."""
    return datetime.fromisoformat(f"2026-11-{day:02}T{time}").replace(tzinfo=ZONE)


def say(zh: str, en: str) -> None:
    print(zh if lang == "zh" else en)


def tell(at: datetime, zh: str, en: str, answer: Decision | None = None) -> None:
    """What happens when, and what the guard answered: in words, with the articles."""
    say(f"{at:%m-%d %H:%M}  {zh}", f"{at:%m-%d %H:%M}  {en}")
    if answer is not None:
        first, *rest = answer.explain(lang).splitlines()
        print(
            f"             {'✓' if answer else '✗'} {first}", *(why.code for why in answer.reasons)
        )
        for line in rest:
            print(f"               {line}")
        for duty in answer.obligations if answer else ():
            print(f"             → {duty}: {DUTIES[duty][lang == 'en']}")


def yuan(fen: int) -> str:
    return f"¥{fen // 100}"


live = Backend(law("cn.live", house=Path(__file__).with_name("house.toml")))

# -- gifts ----------------------------------------------------------------------------------------

say("== 打赏", "== Gifts")
wang = Subject("wang", born=date(1985, 4, 2), identity="verified")
xiaoyu = Subject("xiaoyu", born=date(2011, 6, 1), identity="verified")

at = on(20, "19:40")
tell(at, "老王打赏 ¥520", "Wang gives ¥520", live.gift(wang, "G1", 52000, "r-7", at))
at = on(20, "19:42")
answer = live.gift(wang, "G2", 48000, "r-7", at)
tell(at, "老王再打赏 ¥480：到了日限额的一半", "Wang gives ¥480 more: half of the day's cap", answer)
live.confirmed(wang, "G2", on(20, "19:43"), yes=True)
at = on(20, "19:50")
answer = live.gift(wang, "G3", 50000, "r-7", at)
tell(at, "老王又打赏 ¥500，但没有确认", "Wang gives ¥500, and does not confirm", answer)
live.confirmed(wang, "G3", on(20, "19:51"), yes=False)
spent = yuan(live.guard.usage(wang, at=on(20, "19:52")).spent_today_fen)
tell(on(20, "19:52"), f"老王今天共计 {spent}", f"Wang has paid {spent} today")
at = on(20, "19:55")
answer = live.gift(wang, "G4", 120000, "r-7", at)
tell(at, "老王想打赏 ¥1200", "Wang would give ¥1200", answer)
at = on(20, "19:56")
answer = live.gift(xiaoyu, "G5", 100, "r-7", at)
tell(at, "小雨（15 岁）想打赏 ¥1", "Xiaoyu, fifteen, would give ¥1", answer)

# -- hosts ----------------------------------------------------------------------------------------

say("\n== 主播", "\n== Hosts")


def verified(person: str, born: date) -> Verification:
    """What the identity authority said in September."""
    checked = datetime(2026, 9, 1, tzinfo=ZONE)
    evidence = AgeEvidence.of_birth(born, "authority", "verified", checked)
    return Verification("verified", person, evidence, checked)


at = on(20, "20:00")
answer = live.may_host(verified("xiaoyu", date(2011, 6, 1)), at)
tell(at, "小雨（15 岁）想开播", "Xiaoyu, fifteen, would host", answer)
alin = verified("alin", date(2009, 3, 1))
answer = live.may_host(alin, at)
tell(at, "阿林（17 岁）想开播", "Alin, seventeen, would host", answer)
consent = ConsentGranted(alin.subject(now=at), "live_host")
live.guard.record(consent, at=on(20, "20:02"))
at = on(20, "20:03")
answer = live.may_host(alin, at)
tell(at, "监护人同意以后", "After the guardian's consent", answer)
at = on(20, "20:33")
answer = live.may_host(alin, at, same_face=False)
tell(at, "再次核验：镜头前是别人，停播", "Checked again: it is somebody else. Off the air", answer)

# -- contests -------------------------------------------------------------------------------------

say("\n== 连麦 PK", "\n== PKs")
host = Subject("host", born=date(1995, 1, 8), identity="verified")
for number, time in enumerate(("20:10", "20:50", "21:30", "22:00"), start=1):
    at = on(20, time)
    tell(at, f"直播间 r-7 第 {number} 次 PK", f"Room r-7, PK {number}", live.pk(host, "r-7", at))

# -- the minors' mode at ten ----------------------------------------------------------------------

say("\n== 未成年人模式的 22 时", "\n== Ten o'clock in the minors' mode")
lele = Subject("lele", born=date(2013, 5, 1), identity="verified", minors_mode=True)
seat, end = live.watch(lele, "phone-1", on(20, "21:40"))
tell(seat.at, "乐乐（13 岁）打开直播", "Lele, thirteen, opens the app", seat)
tell(end.at, "强制下线", "Forced off", end)
at = on(20, "22:05")
leave = Use(lele, about=ModeSwitch(on=False, guardian_verified=True))
answer = live.guard.decide(leave, at=at)
tell(at, "监护人输入密码，要退出模式", "The guardian enters the PIN to leave the mode", answer)

# -- a refund claim -------------------------------------------------------------------------------

say("\n== 退款申请", "\n== A refund claim")
father = Subject("father", born=date(1983, 8, 9), identity="verified")  # whose account it is
child = Subject(
    "lele", born=date(2013, 5, 1), identity="verified"
)  # as the household register says
for order, fen, time in (("F1", 64800, "14:05"), ("F2", 19800, "14:20"), ("F3", 5000, "21:10")):
    live.gift(father, order, fen, "r-9", on(14, time))  # less than half of any cap

live.claim("C-1", wang, ["G1"], claimant="wang", statement="手滑点错了。", at=on(21, "09:00"))
claim = live.claim(
    "C-2",
    father,
    ["F1", "F2", "F3"],
    claimant="father",
    child=child,
    statement="11 月 14 日，孩子用我的手机打赏了三次，我不知情。",
    exhibits=[Exhibit("shift_roster", sha256(b"the scanned roster").hexdigest())],
    at=on(21, "10:00"),
)
tell(on(21, "09:00"), "老王申请退回 G1", "Wang claims G1 back")
tell(on(21, "10:00"), "父亲为乐乐申请退回三笔打赏", "Lele's father claims three gifts back")
for one in claim.dossier.orders:
    owner, minor = one.as_registered, one.as_claimed
    codes = ", ".join(code for code, _ in minor.reasons)
    say(
        f"             {one.order} {one.at:%m-%d %H:%M} {yuan(one.fen)} {one.state}："
        f"对账户本人 {'✓' if owner.allowed else '✗'}，"
        f"对孩子（{minor.ages.at_least} 岁，民事行为能力 {minor.capacity}）✗ {codes}",
        f"             {one.order} {one.at:%m-%d %H:%M} {yuan(one.fen)} {one.state}: "
        f"to the account's owner {'✓' if owner.allowed else '✗'}, "
        f"to the child ({minor.ages.at_least}, capacity {minor.capacity}) ✗ {codes}",
    )
refusing = {rule for one in claim.dossier.orders for _, rule in one.as_claimed.reasons}
for rule in sorted(refusing):
    print(f"             {rule}", *claim.dossier.rules[rule].citations, sep="\n               ")

at = on(21, "15:00")
claim = live.claims.take_next(clerk="clerk-2", at=at)  # minors' claims first: 意见 二（四）
tell(at, f"客服取下一件：{claim.id}（未成年人优先）", f"The next claim: {claim.id}, minors first")
at = on(23, "11:00")
claim = live.decide_claim(
    claim,
    father,
    {"F1": 64800, "F2": 19800},
    clerk="clerk-2",
    words="F1、F2 时父亲在上班（见排班表）；F3 时父亲本人在看直播。",
    at=at,
)
tell(at, f"决定：{claim.state}", f"Decided: {claim.state}")
for order in claim.dossier.orders:
    known = live.guard.order(father, order.order)
    back = yuan(known.refunded_fen)
    say(f"             {known.order} 退回 {back}", f"             {known.order}: {back} went back")
say("             卷宗：", "             On file:")
for step in claim.steps:
    print(f"             {step.at:%m-%d %H:%M} {step.what} → {step.state} ({step.who})")
