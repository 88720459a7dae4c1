"""What a page says of its course: is it reviewed, is it for the public good, what does it cost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minorguard.content.page_words import Text, name_parts, words_of

if TYPE_CHECKING:
    from minorguard.content.page_look import Look
    from minorguard.content.page_tree import Element

_NO, _YES = words_of("review", "no"), words_of("review", "yes")
_NONPROFIT = words_of("nonprofit", "strong")
_BUY, _BUY_NAMES, _LEAD = (
    words_of("buy", "strong"),
    frozenset(words_of("buy", "name")),
    words_of("buy", "lead"),
)
_TALK = frozenset(words_of("talk", "name"))
_STATES = frozenset(
    {
        "pending",
        "unreviewed",
        "rejected",
        "waiting",
        "draft",
        "auditing",
        "reviewing",
        "false",
        "unpassed",
    }
)
_PRICE = re.compile(r"[¥￥]\s{0,3}(\d{1,6})(?:\.(\d{1,2}))?|(\d{1,6})(?:\.(\d{1,2}))?\s{0,3}元")
_PAYS = re.compile(
    r"getBrandWCPayRequest|chooseWXPay|wx\.requestPayment|requestPayment|AlipayJSBridge|alipay\.com/gateway|unionpay|/pay/(?:create|submit)",
    re.IGNORECASE,
)
_SHORT_CHARS = 60


def find_review(look: Look) -> None:
    """Find what the page says of its own review. Nothing said is not known."""
    for element in look.tree.elements:
        look.tree.spend()
        for name, value in element.attrs.items():
            if (
                name.startswith("data-")
                and {"review", "audit"} & name_parts(name)
                and value.strip().lower() in _STATES
            ):
                _pending(look, element, f"{name}={value}")
        own = element.own_text.strip()
        if (
            not own
            or len(own) > _SHORT_CHARS
            or element.name in {"script", "style", "textarea", "option"}
        ):
            continue
        text = Text(own)
        hit = text.first(_NO)
        if (
            hit
            and not _about_comments(look, element)
            and not text.first(("评论", "留言", "弹幕", "发言", "作业"))
        ):
            _pending(look, element, own)
        elif (
            look.facts.course_reviewed is None
            and text.first(_YES)
            and not _about_comments(look, element)
        ):
            look.facts.course_reviewed = True


def _pending(look: Look, element: Element, said: str) -> None:
    look.facts.course_reviewed = False
    look.found("course_pending", "likely", element, said)


def _about_comments(look: Look, element: Element) -> bool:
    return any(look.parts(up) & _TALK for up in element.up() if up.name not in {"body", "html"})


def find_charges(look: Look, *, nonprofit: bool | None) -> None:
    """Find what the page takes money for; a lesson for the public good may take none."""
    free = nonprofit if nonprofit is not None else _for_the_public_good(look)
    look.facts.nonprofit = free
    for element in look.tree.elements:
        look.tree.spend()
        word = _takes_money(look, element)
        if not word:
            continue
        price = _price(look, element)
        look.facts.charges_fen = max(look.facts.charges_fen, price or 1)
        if free:
            look.found(
                "nonprofit_charged",
                "certain" if price else "likely",
                element,
                look.text(element, 80).raw,
                word,
            )
    for script in look.scripts:
        paid = _PAYS.search(script.code)
        if paid:
            look.facts.charges_fen = max(look.facts.charges_fen, 1)
            if free:
                look.found("nonprofit_charged", "likely", script.element, paid[0], paid[0])
    if free:
        _sold_on(look)


def _for_the_public_good(look: Look) -> bool | None:
    """Whether the page calls its lesson one for the public good. ``None``: it does not say."""
    for element in look.tree.elements:
        look.tree.spend()
        own = (
            element.own_text
            if element.name != "title"
            else "".join(child for child in element.children if isinstance(child, str))
        )
        if (
            own
            and element.name not in {"script", "style", "a", "option"}
            and Text(own[:400]).first(_NONPROFIT)
        ):
            return True
    return None


def _takes_money(look: Look, element: Element) -> str:
    """The word by which a control takes money; ``""`` for all else."""
    if element.name == "form":
        steps = set(element.get("action").lower().partition("?")[0].split("/"))
        taken = (steps | look.parts(element)) & _BUY_NAMES
        return next(iter(sorted(taken)), "")
    clickable = (
        element.name in {"a", "button"}
        or "onclick" in element.attrs
        or element.get("role") == "button"
        or (element.name == "input" and element.get("type") in {"submit", "button", "image"})
        or look.parts(element) & {"btn", "button"}
    )
    if not clickable:
        return ""
    said = look.text(element, 60)
    hit = said.first(_BUY)
    return hit.word if hit and len(said.raw) <= _SHORT_CHARS else ""


def _price(look: Look, element: Element) -> int:
    """The price that stands near a control, in fen; 0 where none does."""
    for level, up in enumerate(element.up()):
        if level > 3 or up.name in {"body", "html"}:  # noqa: PLR2004 - a price is near
            break
        found = _PRICE.search(look.tree.text(up, 300))
        if found:
            yuan, cents = (found[1], found[2]) if found[1] else (found[3], found[4])
            return int(yuan) * 100 + int((cents or "0").ljust(2, "0"))
    return 0


def _sold_on(look: Look) -> None:
    """Contacts collected, or other courses sold, on a free lesson: to be looked at."""
    for element in look.tree.elements:
        look.tree.spend()
        if element.name in {"a", "button", "label", "input", "h2", "h3", "p"}:
            hit = look.text(element, 60).first(_LEAD)
            if hit:
                look.found("lead_capture", "look", element, about=hit.word)
    if look.facts.ads:
        ad = next((one for one in look.findings if one.code == "ads_forbidden"), None)
        if ad:
            look.copied("nonprofit_advertised", ad)
