"""Where an address leads: through redirectors, percent signs and base64, as far as it says.

Nothing is fetched. An address that hides its end (a short link) is ``other`` and says so.
"""

from __future__ import annotations

import base64
import binascii
import re
import tomllib
from contextlib import suppress
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from urllib.parse import unquote

from minorguard.content.page_words import Text, name_parts, words_of

if TYPE_CHECKING:
    from minorguard.core.uses import LeadsTo

URL_CHARS_MAX: Final = 4096
UNWRAP_MAX: Final = 4
"""How many redirectors in one another are looked through."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,15}):", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,15}:)?//(?:[^/@?#]{0,200}@)?([^/:?#\s\\]{1,253})", re.IGNORECASE
)
_INSIDE = re.compile(
    r"(?:https?:)?//[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}[^\s\"'<>]{0,2000}", re.IGNORECASE
)
_PARAMETER = re.compile(r"[?&#;=/]([^?&#;=/]{8,2000})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,3000}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){10,1000}")
_APP = re.compile(r"\.(?:apk|xapk|ipa|exe|msi|dmg|hap)(?:$|[?#&])", re.IGNORECASE)
_PAGE_SCHEMES = frozenset(
    ["http", "https", "ftp", "mailto", "tel", "sms", "data", "blob", "about", "javascript"]
)


@cache
def places(kind: str) -> frozenset[str]:
    """The hosts of ``page_places.toml`` that are for this: ``ads``, ``games``, ``social``..."""
    text = resources.files("minorguard.content").joinpath("page_places.toml").read_text("utf-8")
    table = cast("dict[str, list[str]]", tomllib.loads(text))
    return frozenset(table[kind])


class Target(NamedTuple):
    """An address, where it leads in the end, and what was done to hide that.

    ``host`` is empty for an address on the page's own site. ``hidden`` says how the end was
    wrapped: ``redirect``, ``percent``, ``base64``; empty when it stands there openly.
    """

    url: str
    host: str
    hidden: str = ""

    @property
    def outside(self) -> bool:
        """Whether it leaves the page's own site."""
        return bool(self.host)

    def on(self, kind: str) -> bool:
        """Whether the host is one of those places, or below one of them."""
        known = places(kind)
        labels = self.host.split(".")
        return any(".".join(labels[at:]) in known for at in range(len(labels)))

    @property
    def app(self) -> bool:
        """Whether it is a program to install."""
        return bool(_APP.search(self.url)) or self.url.lower().startswith(
            ("itms-services:", "market:")
        )

    @property
    def opens_app(self) -> bool:
        """Whether it opens a program of the device rather than a page."""
        scheme = _SCHEME.match(self.url)
        return scheme is not None and scheme[1].lower() not in _PAGE_SCHEMES

    @property
    def learning(self) -> bool:
        """Whether it is the page's own site, a school, a ministry, or known for learning."""
        ends = tuple(places("learning_ends"))
        return not self.host or self.host.endswith(ends) or self.on("learning")


def target(address: str, own: frozenset[str] = frozenset()) -> Target:
    """Where an address leads. ``own`` are the hosts of the page's own site."""
    url = "".join(address[:URL_CHARS_MAX].split()).replace("\\", "/")
    hidden = ""
    for _ in range(UNWRAP_MAX):
        inner, how = _inside(url)
        if not inner or inner == url:
            break
        url, hidden = inner, hidden or how
    return Target(url, _host(url, own), hidden)


def _host(url: str, own: frozenset[str]) -> str:
    found = _HOST.match(url)
    if not found:
        return ""
    host = unquote(found[1]).strip(".").lower()
    with suppress(UnicodeError):
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    return "" if any(host == site or host.endswith(f".{site}") for site in own) else host


def _inside(url: str) -> tuple[str, str]:
    """The address that an address carries, and how; ``("", "")`` where it carries none."""
    start = _HOST.match(url)
    rest = url[start.end() :] if start else url
    plain, times = rest, 0
    while "%" in plain and times < 3:  # noqa: PLR2004 - twice is a trick, thrice a habit
        plain, times = unquote(plain), times + 1
    found = _INSIDE.search(plain)
    if found and (start or found.start() > 0):
        return _whole(found[0]), "percent" if times > 1 else "redirect"
    for value in _PARAMETER.findall(plain)[:20]:
        decoded = decoded_url(value)
        if decoded:
            return decoded, "base64"
    return "", ""


def _whole(url: str) -> str:
    return url if not url.startswith("//") else f"https:{url}"


def decoded_url(value: str) -> str:
    """The address that a value holds in base64, in hex or backwards; ``""`` for others."""
    value = value.strip()[:URL_CHARS_MAX]
    backwards = value[::-1]
    if backwards.startswith(("http://", "https://")):
        return backwards
    tries: list[bytes] = []
    if _BASE64.fullmatch(value):
        padded = value.rstrip("=").replace("-", "+").replace("_", "/")
        with suppress(binascii.Error, ValueError):
            tries.append(base64.b64decode(padded + "=" * (-len(padded) % 4)))
    if _HEX.fullmatch(value):
        tries.append(bytes.fromhex(value))
    for data in tries:
        text = data.decode("utf-8", "replace")
        if text.startswith(("http://", "https://", "//")) and _INSIDE.match(text):
            return _whole(text.split()[0])
    return ""


KNOWN: Final = 3


class Judged(NamedTuple):
    """Where a link leads, how sure that is (``KNOWN``, 2 likely, 1 a look), and what says so."""

    leads_to: LeadsTo
    sure: int
    why: str


_STRONG, _WEAK, _CALM = (
    words_of("game", "strong"),
    words_of("game", "weak"),
    words_of("game", "calm"),
)


def judge(to: Target, said: Text, around: Text | None = None) -> Judged:
    """Where a link leads, by its address and by what it says.

    ``around`` is the text beside it, which counts for addresses that do not say where they end.
    """
    if to.on("games"):
        return Judged("game", KNOWN, to.host)
    if to.on("short"):
        pass
    elif to.on("social"):
        return Judged("social", KNOWN, to.host)
    elif to.on("shops") or to.on("affiliate"):
        return Judged("shop", KNOWN, to.host)
    score, why = _game_score(to, said, around)
    if score >= 2:  # noqa: PLR2004 - as Judged says
        return Judged("game", 2, why)
    if to.learning and not to.app:
        return Judged("learning", score and 1, why)
    return Judged("other", score and 1, why)


def _game_score(to: Target, said: Text, around: Text | None) -> tuple[int, str]:
    """Points for a game: two are enough. Words that calm take back what words have given."""
    score, why = 0, ""
    labels = set(to.host.split(".")[:-1])
    parts = {part for label in labels for part in label.split("-")} | labels
    if (not to.learning and parts & places("game_labels")) or (
        not to.learning and any(word in label for label in labels for word in places("game_words"))
    ):
        score, why = 2, to.host
    if to.app and name_parts(to.url.rpartition("/")[2].partition("?")[0]) & places("game_files"):
        score, why = max(score, 2), to.url.rpartition("/")[2][:60]
    texts = [said] if around is None else [said, around]
    if any(text.first(_CALM) for text in texts):
        return score, why
    for text in texts:
        strong = text.first(_STRONG)
        if strong and (to.host or to.app or _acts(text)):
            return max(score, 2), strong.word
        weak = text.all(_WEAK, most=3)
        points = len(weak) if to.host and not to.learning else 0
        if points > score:
            score, why = min(points, 2), weak[0].word
    return score, why


def _acts(text: Text) -> bool:
    """Whether a text invites to begin, rather than speaks of something."""
    return bool(
        text.first(
            ("开始", "立即", "点击", "马上", "进入", "下载", "免费玩", "在线玩", "点开", "开玩")
        )
    )
