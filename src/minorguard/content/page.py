"""Judge a course page for minors, as a description or as saved HTML: ``lint_page``.

Recognising is done here, judging in the core: what is recognised becomes the facts of a ``Page``,
and a finding has a code only where the rules of the core object to those facts. Nothing is fetched
and no script is run, so a page that passes is a page on which nothing was found, and no more.

Never raises on any page: broken markup, wrong encodings, null bytes and endless nesting are read as
far as the bounds allow, and ``PageReport.complete`` says whether that was all of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from minorguard.content.page_ads import find_ads
from minorguard.content.page_around import find_surroundings
from minorguard.content.page_course import find_charges, find_review
from minorguard.content.page_decode import decode
from minorguard.content.page_findings import CITATIONS, CONFIDENCES, Finding
from minorguard.content.page_goes import find_links
from minorguard.content.page_links import target
from minorguard.content.page_look import Look
from minorguard.content.page_popups import find_popups
from minorguard.content.page_talk import find_comments
from minorguard.content.page_tree import OutOfBudgetError
from minorguard.core.courses import PAGE_CHECKS
from minorguard.core.uses import PARTS_MAX, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from minorguard.content.page_tree import Element, Tree
    from minorguard.core.citation import Citation
    from minorguard.core.policy import Law
    from minorguard.core.uses import Comments, LeadsTo

FRAGMENTS_MAX = 400
FRAGMENT_CHARS_MAX = 60_000
_TAG = re.compile(r"<[a-zA-Z!/][^<>]{0,2000}>")
_SAVED_FROM = re.compile(r"<!--\s{0,5}saved from url=\(\d{1,6}\)(\S{8,500})")


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says of what the law asks. ``None``: the page does not say.

    ``charges_fen`` is the highest price that stands at a control which takes money; 1 where it
    takes money and no price stands there.
    """

    course_reviewed: bool | None = None
    nonprofit: bool | None = None
    comments: Comments | None = None
    charges_fen: int = 0
    ads: tuple[bool, ...] = ()
    popups: tuple[LeadsTo, ...] = ()
    links: tuple[LeadsTo, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """What the page does not say."""
        names = ("course_reviewed", "nonprofit", "comments")
        return tuple(name for name in names if getattr(self, name) is None)

    def page(self, *, course_reviewed: bool | None = None, for_minors: bool = True) -> Page:
        """The detail for ``Use(subject, about=...)``, so that a law can judge it.

        What is not known is not claimed: give ``course_reviewed`` from your own records, and take
        ``unknown`` to whoever knows the rest.
        """
        known = self.course_reviewed if course_reviewed is None else course_reviewed
        return Page(
            course_reviewed=known is not False,
            comments=self.comments or "off",
            nonprofit=bool(self.nonprofit),
            charges_fen=self.charges_fen,
            ads=self.ads[:PARTS_MAX],
            popups=_worst_first(self.popups),
            links=_worst_first(self.links),
            for_minors=for_minors,
        )


def _worst_first(leads: tuple[LeadsTo, ...]) -> tuple[LeadsTo, ...]:
    order: tuple[LeadsTo, ...] = ("game", "social", "shop", "other", "learning")
    return tuple(sorted(leads, key=order.index))[:PARTS_MAX]


@dataclass(frozen=True, slots=True)
class PageReport:
    """What was found on a page. True when nothing was found to which the law objects.

    ``findings`` are in the order of the source. ``codes``: what the law objects to, sorted.
    ``complete`` is false when a part of the page was not read; then it is not true either.
    ``work`` counts the steps that reading took.
    """

    findings: tuple[Finding, ...]
    facts: PageFacts
    codes: tuple[str, ...]
    encoding: str = ""
    complete: bool = True
    work: int = 0

    def __bool__(self) -> bool:
        return self.complete and not self.codes

    @property
    def hints(self) -> tuple[Finding, ...]:
        """What the course rules do not object to, and somebody should look at all the same."""
        return tuple(one for one in self.findings if one.code not in self.codes)


def lint_page(
    source: Page | str | bytes,
    *,
    course_reviewed: bool | None = None,
    nonprofit: bool | None = None,
    own_hosts: Iterable[str] = (),
    law: Law | None = None,
    at: datetime | None = None,
) -> PageReport:
    """Judge a course page for minors.

    Args:
        source: a description (``Page``), or saved HTML, as bytes where you have them.
        course_reviewed: whether the course has passed review, if you know; a page rarely says.
        nonprofit: whether the lesson is for the public good (公益); else as the page says.
        own_hosts: hosts of your own site, so that links to them are not taken for outside ones.
            What a page says of its own address is believed beside them.
        law: who judges, e.g. ``law("cn.course")``; without one, all page rules of the core do.
        at: the instant of that law, aware; required with ``law``.

    Raises:
        InvalidRequest: ``law`` without ``at``.
        MissingExtra: HTML, and the extra ``pages`` is not installed.

    Law: 未成年人保护法 art. 74(3), 条例 art. 22 and 24, the 2020 rectification of course platforms
    and its notice, which names the surfaces: pop-ups, side bars, floating boxes, feeds, comments.
    """
    if isinstance(source, Page):
        return _described(source, law, at)
    look, encoding = _looked_at(source, own_hosts, nonprofit=nonprofit)
    facts = _facts(look, course_reviewed=course_reviewed)
    findings = look.findings
    if not look.tree.complete:
        findings.append(Finding("page_cut", "", "look"))
    return _judged(findings, facts, facts.page(), law, at, encoding=encoding, look=look)


def _looked_at(
    source: str | bytes, own_hosts: Iterable[str], *, nonprofit: bool | None
) -> tuple[Look, str]:
    from minorguard.content.page_justhtml import parse

    text, encoding, complete = decode(source)
    tree = parse(text)
    tree.complete &= complete
    look = Look(tree, frozenset((*(host.lower() for host in own_hosts), *_own(text, tree))))
    steps: tuple[Callable[[Look], None], ...] = (
        lambda here: here.sheet.read(), _read_scripts,
        find_links, find_ads, find_popups, find_comments, find_review,
        lambda here: find_charges(here, nonprofit=nonprofit), find_surroundings,
    )  # fmt: skip
    try:
        for step in steps:
            step(look)
    except OutOfBudgetError:
        tree.complete = False
    return look, encoding


def _own(text: str, tree: Tree) -> set[str]:
    """The hosts by which a page calls itself."""
    said = [found[1] for found in _SAVED_FROM.finditer(text[:4000])]
    for element in tree.elements[:500]:
        if element.name == "link" and "canonical" in element.get("rel").lower():
            said.append(element.get("href"))
        elif element.name == "meta" and element.get("property").lower() == "og:url":
            said.append(element.get("content"))
        elif element.name == "base":
            said.append(element.get("href"))
    hosts = {target(address).host.removeprefix("www.") for address in said}
    # A page does not make a known game portal or an advertising network its own by saying so.
    known = ("games", "ads", "affiliate", "shops", "social", "short")
    return {
        host for host in hosts if host and not any(target(f"//{host}").on(kind) for kind in known)
    }


def _read_scripts(look: Look) -> None:
    """Read every script and handler, and parse the markup that they and attributes hold."""
    from minorguard.content.page_justhtml import parse_into

    left = FRAGMENTS_MAX
    waiting = list(look.tree.elements)
    for _ in range(2):  # what is written by what was written is read; no deeper
        markup: list[tuple[Element, str]] = []
        for element in waiting:
            look.tree.spend()
            _read_one(look, element)
            if element.get("srcdoc"):
                markup.append((element, element.get("srcdoc")))
            for script in look.handlers(element):
                markup.extend((element, text) for text in script.strings if _TAG.search(text))
        written: list[Element] = []
        for element, html in dict.fromkeys(markup):
            if left == 0:
                look.tree.complete = False
                break
            left -= 1
            written.extend(parse_into(look.tree, html[:FRAGMENT_CHARS_MAX], element))
        waiting = written


def _read_one(look: Look, element: Element) -> None:
    if element.name == "script" and element.own_text.strip():
        look.read_script(element, element.own_text)
    for name, value in element.attrs.items():
        if name.startswith(("on", "@", "v-on:", "ng-")) and value.strip():
            look.read_script(element, value, name if name.startswith("on") else f"on{name}")
        elif name in {"href", "action", "src"} and value.lstrip().lower().startswith("javascript:"):
            look.read_script(element, value.lstrip()[11:], "onclick")


def _facts(look: Look, *, course_reviewed: bool | None) -> PageFacts:
    seen = look.facts
    return PageFacts(
        seen.course_reviewed if course_reviewed is None else course_reviewed,
        seen.nonprofit,
        seen.comments,
        seen.charges_fen,
        tuple(seen.ads),
        tuple(seen.popups),
        tuple(seen.links),
    )


def _described(page: Page, law: Law | None, at: datetime | None) -> PageReport:
    facts = PageFacts(
        page.course_reviewed,
        page.nonprofit,
        page.comments,
        page.charges_fen,
        page.ads,
        page.popups,
        page.links,
    )
    findings = [
        Finding("said", code, "certain") for code, wrong in PAGE_CHECKS.items() if wrong(page)
    ]
    return _judged(findings, facts, page, law, at)


def _judged(
    findings: list[Finding],
    facts: PageFacts,
    page: Page,
    law: Law | None,
    at: datetime | None,
    *,
    encoding: str = "",
    look: Look | None = None,
) -> PageReport:
    """Let the rules say which facts they object to, and give the findings their articles."""
    objecting = _objections(page, law, at)
    kept: list[Finding] = []
    for one in findings:
        code = one.code if one.code in objecting or one.code.startswith("content_") else ""
        articles = objecting.get(code) or CITATIONS.get(code, ())
        kept.append(replace(one, code=code, citations=articles))
    unsaid = objecting.keys() - {one.code for one in kept}
    kept.extend(Finding("said", code, "certain", citations=objecting[code]) for code in unsaid)
    kept.sort(key=lambda one: (one.line, one.column, CONFIDENCES.index(one.confidence)))
    complete = look.tree.complete if look else True
    return PageReport(
        tuple(kept),
        facts,
        tuple(sorted(objecting)),
        encoding,
        complete,
        look.tree.work if look else 0,
    )


def _objections(
    page: Page, law: Law | None, at: datetime | None
) -> dict[str, tuple[Citation, ...]]:
    """The codes by which the rules object to a page, and their articles."""
    if law is None:
        return {code: CITATIONS[code] for code, wrong in PAGE_CHECKS.items() if wrong(page)}
    from minorguard.core.acts import Use
    from minorguard.core.subject import Subject
    from minorguard.errors import InvalidRequest

    if at is None:
        raise InvalidRequest("at", "want the instant of the law")
    decision = law.decide(Use(Subject("page"), about=page), at=at)
    return {reason.code: tuple(reason.citations) for reason in decision.reasons}
