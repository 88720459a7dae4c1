"""Every code of the national real-name system: what it means, what to do, whether to try again.

Pure. Interface V1.8; code and official words from ``law/games.md`` §2.8. Codes of which that
interface knows nothing but which others have seen carry ``official=False``. What to do, and
whether to try again, is our reading; the interface does not say.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Retry = Literal["no", "backoff", "after_a_minute", "fresh_timestamp", "other_key", "later"]
"""``backoff``: again, each time later; ``after_a_minute``: the penalty for too many a second;
``fresh_timestamp``: at once, with a new time and so a new signature; ``other_key``: once with the
other key while keys are changed; ``later``: not in this call. Nothing else is sent twice as is."""


class Code(NamedTuple):
    """One code. ``official_words`` is the ``errmsg`` as printed, misprints and all."""

    code: int
    official_words: str
    zh: str
    en: str
    todo_zh: str
    todo_en: str
    retry: Retry = "no"
    official: bool = True

    def meaning(self, lang: str = "zh") -> str:
        """What the code means, in ``zh`` or ``en``."""
        return self.en if lang == "en" else self.zh

    def todo(self, lang: str = "zh") -> str:
        """What to do about it, in ``zh`` or ``en``."""
        return self.todo_en if lang == "en" else self.todo_zh


OK = 0
BUSY = 1006
EXPIRED = 1007
BAD_IDENTITY = 1011
AI_IN_USE = 2004
PARTLY_FAILED = 3001

_CONSOLE_ZH, _CONSOLE_EN = "在官方管理平台核对配置", "check the settings in the official console"
_PROGRAM_ZH, _PROGRAM_EN = "修正程序后再发送", "mend the program before sending again"
_ITEM_ZH, _ITEM_EN = "修正该条后重新上报", "mend this item and report it again"
_TEST_ZH, _TEST_EN = "核对测试码与预置数据", "check the test code and the preset data"

_ROWS = (
    Code(OK, "OK", "成功", "success", "无需处理", "nothing"),
    Code(1001, "SYS ERROR", "系统错误", "system error", "稍候重试", "try again, each time later",
         "backoff"),
    Code(1002, "SYS REQ RESOURCE NOT EXIST", "请求的资源不存在", "no such resource",
         "核对接口地址与测试码", "check the address and the test code"),
    Code(1003, "SYS REQ METHOD ERROR", "请求方法错误", "wrong HTTP method",
         _PROGRAM_ZH, _PROGRAM_EN),
    Code(1004, "SYS REQ HEADER MISS ERROR", "缺少核心报头参数", "a header is missing",
         _PROGRAM_ZH, _PROGRAM_EN),
    Code(1005, "SYS REQ IP ERROR", "请求 IP 不在白名单内", "this server's IP is not on the list",
         "在官方管理平台登记服务器出口 IP",
         "enter this server's public IP in the official console"),
    Code(BUSY, "SYS REQ BUSY ERROR", "请求频率超限", "too many requests a second",
         "暂停一分钟后再发送", "send nothing for a minute", "after_a_minute"),
    Code(EXPIRED, "SYS REQ EXPIRE ERROR", "请求时间戳已过期", "the timestamp is older than 5 s",
         "校准时钟，用新时间戳重新签名", "set the clock; sign anew with the present time",
         "fresh_timestamp"),
    Code(1008, "SYS REQ PARTNER ERROR", "调用方身份非法", "the caller is not known",
         "核对 appId、bizId 与所用环境", "check appId, bizId and which environment they belong to"),
    Code(1009, "SYS REQ PARTNER AUTH DISABLE", "调用方权限未启用",
         "the caller's right is not enabled",
         _CONSOLE_ZH, _CONSOLE_EN),
    Code(1010, "SYS REQ AUTH ERROR", "无该接口调用权限", "no right to this interface",
         _CONSOLE_ZH, _CONSOLE_EN),
    Code(BAD_IDENTITY, "SYS REQ PARTNER AUTH ERROR", "调用方身份核验失败（签名或密钥不符）",
         "the caller's identity check failed: signature or key",
         "换密期间改用另一密钥，否则核对密钥",
         "use the other key while keys are changed; else check the key", "other_key"),
    Code(1012, "SYS REQ PARAM CHECK ERROR", "报文体校验失败", "the body failed its check",
         _PROGRAM_ZH, _PROGRAM_EN),
    Code(2001, "BUS AUTH IDNUM ILLEGAL", "身份证号格式错误", "the number is not well formed",
         "请用户更正号码", "ask the user for the right number"),
    Code(2002, "BUS AUTH RESOURCE LIMIT", "认证资源已达上限", "the quota of checks is used up",
         "稍后再认证", "check later", "later"),
    Code(2003, "BUS AUTH CODE NO AUTH RECODE", "该编码无认证记录",
         "no check is on record for this ai",
         "重新提交认证", "submit the check again"),
    Code(AI_IN_USE, "BUS AUTH CODE ALREADY IN USE", "该编码正被占用", "this ai is occupied",
         "用同一编码查询结果，或换新编码", "query the result of this ai, or take a new ai"),
    Code(PARTLY_FAILED, "BUS COLL PARTIAL ERROR", "部分上报失败", "some items failed",
         "只重报失败的条目", "report the failed items again, and only those"),
    Code(3002, "BUS COLL BEHAVIOR NULL ERROR", "上报数据为空", "nothing was reported",
         _PROGRAM_ZH, _PROGRAM_EN),
    Code(3003, "BUS COLL OVER LIMIT COUNT", "单次上报超过 128 条", "more than 128 items at once",
         "分批上报", "report in smaller batches"),
    Code(3004, "BUS COLL NO INVALID", "条目编号无效", "a bad item number", _ITEM_ZH, _ITEM_EN),
    Code(3005, "BUS COLL BEHAVIOR TIME ERROR", "行为时间超出范围",
         "a bad event time: not within 180 s",
         "校准时钟，时间落在三分钟内再上报", "set the clock; report within three minutes"),
    Code(3006, "BUS COLL PLAYER MODE INVALID", "用户类型无效", "a bad kind of player (ct)",
         _ITEM_ZH, _ITEM_EN),
    Code(3007, "BUS COLL BEHAVIOR MODE INVALID", "行为类型无效", "a bad kind of event (bt)",
         _ITEM_ZH, _ITEM_EN),
    Code(3008, "BUS COLL PLAYERID MISS", "缺少 pi", "pi is missing", _ITEM_ZH, _ITEM_EN),
    Code(3009, "BUS COLL DEVICEID MISS", "缺少 di", "di is missing", _ITEM_ZH, _ITEM_EN),
    Code(3010, "BUS COLL PLAYERID INVALID", "pi 无效", "pi is not valid", _ITEM_ZH, _ITEM_EN),
    Code(4001, "TEST SYS ERROR", "测试系统错误", "error of the test system", "稍后再测试",
         "test later",
         "later"),
    Code(4002, "TEST TASK NOT EXIST", "测试任务不存在", "no such test task", _TEST_ZH, _TEST_EN),
    Code(4003, "TEST PARAM INVALID ERROR", "测试参数无效", "not the preset of this test",
         _TEST_ZH, _TEST_EN),
    # Not in V1.8; their words and meaning are reports of integrators.
    Code(1019, "SYS REQ SECRET EXCESS ERROR", "密钥数量或次数超限", "too much use of secrets",
         _CONSOLE_ZH, _CONSOLE_EN, official=False),
    Code(1020, "SYS REQ CONTENT TYPE ERROR", "报文类型错误", "wrong Content-Type",
         _PROGRAM_ZH, _PROGRAM_EN, official=False),
    Code(2005, "", "姓名校验失败", "the name failed its check",
         "请用户更正姓名", "ask the user for the right name", official=False),
)  # fmt: skip

CODES = {row.code: row for row in _ROWS}
"""Each known code, by number."""

_FAMILIES = {
    1: ("未知的系统错误", "an unknown error of the system", "later"),
    2: ("未知的认证错误", "an unknown error of the check", "no"),
    3: ("未知的上报错误", "an unknown error of the report", "no"),
    4: ("未知的测试错误", "an unknown error of the test", "no"),
}


def code_of(code: int) -> Code:
    """The row of a code; for one that nobody knows, what its first digit of four says."""
    known = CODES.get(code)
    if known is not None:
        return known
    zh, en, retry = _FAMILIES.get(code // 1000, ("未知的错误", "an unknown error", "no"))
    return Code(
        code, "", zh, en, "查阅最新接口文档", "look into the newest interface document",
        "later" if retry == "later" else "no", official=False,
    )  # fmt: skip
