"""Words to begin with: a rights notice and a tip to rest, each sentence under its article.

They say what the law gives every minor and nothing of one platform: add where your own channels
are, and publish the result as a version of your own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minorguard.guardians.notices import Notice

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard.core.decision import Lang

_LAW = "《中华人民共和国未成年人保护法（2020年修订，2024年修正）》"
_REGULATION = "《未成年人网络保护条例（国务院令第766号）》"
_GUIDE = "《移动互联网未成年人模式建设指南》"

RIGHTS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        f"{_REGULATION}第三十四条",
        (
            "你和你的监护人可以查阅、复制、更正、补充、删除你的个人信息；"
            "平台拒绝的，应当书面告知并说明理由。"
        ),
        (
            "You and your guardian may see, copy, correct, complete and delete your personal "
            "information; a refusal comes in writing, with its reasons."
        ),
    ),
    (
        f"{_LAW}第六十三条",
        "你已满八周岁的，监护人也不能查阅你的通讯内容，为了保护你本人安全的紧急情况除外。",
        (
            "From the age of eight, your guardian may not read your messages either, unless your "
            "own safety is in urgent danger."
        ),
    ),
    (
        f"{_LAW}第七十七条",
        "有人在网上欺凌你时，你和你的监护人可以通知平台删除、屏蔽、断开链接。",
        (
            "If somebody bullies you online, you and your guardian may tell the platform to "
            "delete, block or cut the links."
        ),
    ),
    (
        f"{_REGULATION}第二十六条第二款",
        (
            "你可以屏蔽陌生用户，限定谁能看到你发布的内容，禁止转载或者评论，"
            "禁止向你发送信息，并保存遭受网络欺凌的记录。"
        ),
        (
            "You may block strangers, choose who sees what you post, forbid reposts and comments, "
            "forbid messages to you, and save records of bullying."
        ),
    ),
    (
        f"{_LAW}第七十八条",
        "你可以通过平台公布的渠道投诉和举报，平台应当及时受理并处理。",
        (
            "You may complain and report through the channels that the platform publishes; it has "
            "to accept and handle that promptly."
        ),
    ),
)
"""Basis, Chinese, English: 未成年人网络保护条例 art. 20(1)(iv) has these rights told."""

REST: Final[tuple[tuple[str, str, str], ...]] = (
    (
        # Guide 四(二)1(3): continuous use of more than thirty minutes.
        f"{_GUIDE}四（二）1（3）",
        "你已经连续使用超过30分钟，休息一下，看看远处。",
        "You have been on for more than 30 minutes: take a rest and look into the distance.",
    ),
)


def rights_notice(*, version: int, since: datetime, notice_id: str = "rights") -> Notice:
    """The minor's rights and remedies, in Chinese and English."""
    return Notice(
        id=notice_id,
        version=version,
        kind="rights",
        since=since,
        texts=_texts(RIGHTS),
        basis=tuple(basis for basis, _, _ in RIGHTS),
    )


def rest_tip(*, version: int, since: datetime, notice_id: str = "rest") -> Notice:
    """A tip to rest, for whoever a decision tells to be reminded (``remind_rest``)."""
    return Notice(
        id=notice_id,
        version=version,
        kind="health_tip",
        since=since,
        texts=_texts(REST),
        basis=tuple(basis for basis, _, _ in REST),
    )


def _texts(lines: tuple[tuple[str, str, str], ...]) -> dict[Lang, str]:
    return {
        "zh": "\n".join(f"{zh}（{basis}）" for basis, zh, _ in lines),
        "en": "\n".join(f"{en} ({basis})" for basis, _, en in lines),
    }
