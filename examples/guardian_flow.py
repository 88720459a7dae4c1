"""A guardian is linked, sets limits, consents, and takes her daughter out of the minors' mode.

    python examples/guardian_flow.py

A guardian's own key comes from your login, the code goes to her telephone, and the pepper of the
PINs from where you keep secrets: never from the database.
"""

from datetime import date, datetime, timedelta
from os import urandom

from minorguard import ZONE, Guard, GuardianSettings, Play, Subject, Use, law, stores
from minorguard.core.uses import ModeSwitch
from minorguard.guardians import Change, ConsentNotice, Home, PinDesk

FRIDAY = datetime(2026, 11, 20, 18, 0, tzinfo=ZONE)
CHILD = Subject("p-81", born=date(2013, 5, 1), identity="verified")
NOTICE = ConsentNotice(
    purpose="陪伴聊天 / companion chat",
    manner="自动处理对话 / conversations are processed automatically",
    scope="对话与使用时长 / conversations and time of use",
    place="境内服务器 / servers in the country",
    term="一年 / one year",
    at_expiry="删除 / deleted",
    security="加密 / encrypted",
    refusal="不影响其他功能 / nothing else changes",
    complain="客服页 / the help page",
    correct_or_delete="设置页 / the settings page",
    policy="2026-11",
    refusal_offered=True,
)


def say(zh: str, en: str) -> None:
    print(f"{zh}\n  {en}")


def tell(change: Change) -> None:
    for fact in change.facts:  # the guard hears of consents and of the mode
        guard.record(fact, at=change.at)


records = stores.open_records("memory:")  # sqlite:///minors.db, postgresql://...
guard = Guard(law("cn.ai"), store=stores.open("memory:"))
home = Home(records, law=guard.law, on_change=tell)
pins = PinDesk(records, pepper=urandom(32))

# The ten lines.
home.link(CHILD, "g-1", evidence="file 12", at=FRIDAY)
pins.set("g-1", "835017", births=[date(1986, 3, 9)], at=FRIDAY)
home.enter(CHILD, "first_login", at=FRIDAY)
home.set(CHILD, "g-1", GuardianSettings(daily_minutes=40), at=FRIDAY)
seat = guard.decide(Play(home.subject(CHILD, at=FRIDAY), session="s-1"), at=FRIDAY)
request = home.ask(CHILD, "ai_companion_other", NOTICE, at=FRIDAY)
proof = pins.verify("g-1", "835017", at=FRIDAY).proof
home.grant(CHILD, "ai_companion_other", request.id, evidence="sms 7", proof=proof, at=FRIDAY)
chat = guard.decide(Use(home.subject(CHILD, at=FRIDAY), "ai_companion_other"), at=FRIDAY)
home.leave(CHILD, proof=proof, at=FRIDAY)

say("监护人已关联，每天 40 分钟。", f"Linked; 40 minutes a day: {seat.remaining_s // 60} are left.")
say("监护人已同意陪伴聊天。", f"She consented to the companion: {bool(chat)}.")
mode = home.subject(CHILD, at=FRIDAY).minors_mode
say("已退出未成年人模式。", f"Left the minors' mode: in it is {mode}.")

# Loosening is not so quick: a fresh proof, the second channel, and a day in which to cancel it.
wish = home.set(CHILD, "g-1", GuardianSettings(daily_minutes=90), proof=proof, at=FRIDAY)
home.confirm(CHILD, wish.id, wish.code.reveal(), at=FRIDAY)
for day in (FRIDAY, FRIDAY + timedelta(days=1)):
    minutes = home.subject(CHILD, at=day).guardian.daily_minutes
    say(f"{day:%m月%d日} 每天 {minutes} 分钟", f"{day:%d %B}: {minutes} minutes a day")

# Whoever is no guardian, or proves nothing, changes nothing.
guess = pins.verify("g-1", "999999", at=FRIDAY)
refused = home.leave(CHILD, proof=guess.proof, at=FRIDAY)
say("密码错误，不能更改。", f"A wrong PIN ({guess.outcome}): {refused.refused}.")
switch = Use(home.subject(CHILD, at=FRIDAY), about=ModeSwitch(on=False, guardian_verified=False))
say(
    "退出须经监护人验证。",
    ", ".join(reason.code for reason in guard.decide(switch, at=FRIDAY).reasons),
)

print("历史 / history:", *(noted.what for noted in home.history(CHILD)))
