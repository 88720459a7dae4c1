"""What the guide in docs/ shows is what the library does, in both languages."""

import io
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import tomllib
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple, get_args, get_type_hints

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from minorguard import (
    ZONE,
    Cancelled,
    Guard,
    InvalidPack,
    InvalidRequest,
    Left,
    Play,
    Refunded,
    Settled,
    Spend,
    StoreError,
    Subject,
    law,
    stores,
)
from minorguard.cli import main
from minorguard.content import labels
from minorguard.core import money, time
from minorguard.core.acts import PROMINENT, PUSHED, Slot
from minorguard.core.citation import PROVENANCES
from minorguard.core.decision import LEASE_S
from minorguard.core.limits import Code
from minorguard.core.shown import Cell, ContentRule
from minorguard.core.subject import Consent, attained_on
from minorguard.core.toggles import ConsentGate
from minorguard.errors import UnknownStore
from minorguard.identity import nppa_pace, nppa_places, verification, wire_codes, wire_messages
from minorguard.kicks.timetable import JITTER_PARTS
from minorguard.packs import KNOWN_LAWS, rule_shapes, schema
from minorguard.packs.build import rules_of
from minorguard.packs.digest import edition_digests
from minorguard.packs.files import TextFile, read_pack, shipped, shipped_pack
from minorguard.packs.loader import READINGS
from minorguard.packs.tables import categories, check_lock, features, ratings
from minorguard.stores import postgres_address, redis_address, redis_talk, sqlite_file
from minorguard.testing import AsyncStoreContract, StoreContract
from minorguard.wire import cases, shapes
from minorguard.wire.replay import Replayer
from minorguard.wire.stream import Decider

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
PAGES = [
    "README.md",
    *(
        f"en/{name}.md"
        for name in (
            *("concepts", "content", "counting", "guardians", "identity", "law", "scale"),
            *("stores", "wire"),
        )
    ),
]
TRANSLATED = {page: page.replace("en/", "zh/") for page in PAGES} | {"README.md": "README.zh-CN.md"}
BOTH = [*TRANSLATED, *TRANSLATED.values()]
WIRE, LAW, COUNTING, STORES, SCALE, IDENTITY, GUARDIANS, CONTENT = (
    [f"{lang}/{name}.md" for lang in ("en", "zh")]
    for name in (
        *("wire", "law", "counting", "stores", "scale", "identity", "guardians", "content"),
    )
)
CONCEPT_LINES_MAX = 80
STORE_LINES_MAX = 40
DEFAULTS = {name: values[0] for name, values in READINGS.items()}
COVERING = [law_id for law_id in KNOWN_LAWS if law_id not in ("cn.mode", "cn.draft-2026-09")]


# --- reading a page ------------------------------------------------------------------------------


@cache
def text_of(page):
    return (DOCS / page).read_text("utf-8")


@cache
def blocks(page):
    """The fenced blocks of a page: the word after the fence, and what is inside."""
    return re.findall(r"^```(\S*)\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)


def prose(page):
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def part(page, anchor):
    """From an anchor to the heading after the one that it stands at."""
    [_, after] = prose(page).split(f'<a id="{anchor}"></a>\n')
    heading, rest = after.split("\n", 1)
    return heading + re.split(r"^(?:#|<a id)", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text):
    """The rows of the tables in a text, without heads and rulers, as lists of cells."""
    found = []
    for line in text.splitlines():
        if line.startswith("| --- "):
            found.pop()  # the head that stands above it
        elif line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip("|"))
            found.append([cell.strip() for cell in cells])
    return found


def codes(text):
    return re.findall(r"`([^`\n]+)`", text)


def first_codes(text):
    return [code for row in rows(text) for code in codes(row[0])]


def files(page):
    """The files that a page shows: each begins with a comment, its name."""
    found = [text for kind, text in blocks(page) if kind in {"toml", "html"}]
    return {text.split("\n")[0].strip("#<!-> "): text for text in found}


# --- sessions ------------------------------------------------------------------------------------


def sessions(page):
    """Each command that a page shows, with the lines below it."""
    for kind, text in blocks(page):
        if kind == "console":
            for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, below = session.partition("\n")
                yield command, below


ALL_SESSIONS = [
    pytest.param(command, below, id=f"{page}: {number} {command}")
    for page in PAGES
    for number, (command, below) in enumerate(sessions(page))
]


def shown(line):
    """A line of JSON in which ``…`` stands for what is left out."""
    marked = re.sub(r'"(?:[^"\\]|\\.)*"|…', lambda m: m[0] if m[0][0] == '"' else '"…"', line)
    return json.loads(re.sub(r',"…"}', ',"…":"…"}', marked))


def is_as_shown(want, got):
    """Whether an answer is the one on the page, as far as the page shows it."""
    if isinstance(want, str) and want.endswith("…"):
        return want == "…" or (isinstance(got, str) and got.startswith(want[:-1]))
    if isinstance(want, dict):
        more = "…" in want
        keys = want.keys() - {"…"}
        same = keys <= got.keys() if more else keys == got.keys()
        return same and all(is_as_shown(want[key], got[key]) for key in keys)
    if isinstance(want, list):
        more = want[-1:] == ["…"]
        want = want[:-1] if more else want
        enough = len(got) > len(want) if more else len(got) == len(want)
        return enough and all(map(is_as_shown, want, got))
    return type(want) is type(got) and want == got


def loader(command):
    """The law that the options of a command load, and the default law."""
    said = shlex.split(command)[2:]
    options = list(zip(said[::2], said[1::2], strict=True))
    given = dict(options)
    known = {"--law", "--house", "--messages", "--notice", "--reading", "--store"}
    assert given.keys() <= known

    def load(ids):
        return law(
            *ids,
            readings=dict(value.split("=") for name, value in options if name == "--reading"),
            notices=[value for name, value in options if name == "--notice"],
            house=given.get("--house"),
            messages=given.get("--messages"),
        )

    return load, (given["--law"],) if "--law" in given else ()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with the files of the guide and with ``minorguard`` on the path."""
    for page in PAGES:
        for name, text in files(page).items():
            if "/" not in name:
                (tmp_path / name).write_text(text, "utf-8")
    program = tmp_path / "bin" / "minorguard"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m minorguard "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_decided(command):
    return command.startswith(("minorguard decide", "minorguard replay"))


def answerer(command):
    """Who answers the lines of such a command."""
    if command.startswith("minorguard decide"):
        return Decider(*loader(command), "zh")
    url = shlex.split(command)[-1]
    return Replayer(*loader(command), "zh", store=stores.open(url))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("command", "below"), [p for p in ALL_SESSIONS if is_decided(p.values[0])])
def test_each_line_of_a_session_is_answered_as_it_is_shown(command, below):
    told = answerer(command)
    lines = below.splitlines()

    for line, answer in zip(lines[::2], lines[1::2], strict=True):
        _, got = told.answer(line.encode())
        assert is_as_shown(shown(answer), json.loads(got)), (line, got)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("command", "below"), [p for p in ALL_SESSIONS if not is_decided(p.values[0])]
)
def test_each_command_of_a_session_prints_what_is_shown(command, below, capsys, monkeypatch):
    given = ""
    if command.startswith("minorguard explain"):
        given, _, below = below.partition("\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    assert main(shlex.split(command)[1:]) == ("lint-page" in command)  # it finds something
    printed = capsys.readouterr().out
    if "--json" in command:
        assert is_as_shown(shown(below), json.loads(printed)), printed
    else:
        pieces = map(re.escape, below.split("…"))
        assert re.fullmatch(".*".join(pieces), printed, re.DOTALL), printed


def test_the_guide_shows_sessions_of_each_command_and_errors_too():
    commands = [command for page in PAGES for command, _ in sessions(page)]
    texts = "".join(below for _, below in sessions("en/wire.md"))

    assert {shlex.split(command)[1] for command in commands} == {
        *("decide", "replay", "explain", "calendar", "features", "law", "lint-page", "nppa")
    }
    assert '"error"' in texts


@pytest.mark.parametrize(
    ("page", "got", "same"),
    [
        ('{"a":1}', {"a": 1}, True),
        ('{"a":1}', {"a": 2}, False),
        ('{"a":1}', {"a": True}, False),
        ('{"a":1}', {"a": 1, "b": 2}, False),
        ('{"a":1,…}', {"a": 1, "b": 2}, True),
        ('{"a":1,"b":[…]}', {"a": 1, "b": [2]}, True),
        ('{"a":1,"b":[…]}', {"a": 1, "b": []}, False),
        ('{"a":[1,…]}', {"a": [1, 2]}, True),
        ('{"a":[1,…]}', {"a": [2, 1]}, False),
        ('{"a":"https://…"}', {"a": "https://x"}, True),
        ('{"a":"https://…"}', {"a": "http://x"}, False),
        ('{"a":null}', {}, False),
    ],
)
def test_only_what_the_page_marks_as_left_out_may_be_missing(page, got, same):
    assert is_as_shown(shown(page), got) is same


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("page", BOTH)
def test_the_programs_on_the_page_run(page):
    for example in Sybil([PythonCodeBlockParser()]).parse(DOCS / page).examples():
        example.evaluate()


@pytest.mark.parametrize("page", BOTH)
def test_the_commands_on_the_page_run(page, here):
    for kind, text in blocks(page):
        if kind == "sh":
            done = subprocess.run(
                ["bash", "-euc", text], cwd=here, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr


# --- two languages -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_headings_anchors_tables_and_blocks(page):
    other = TRANSLATED[page]

    for line in (r"^#+(?= )", r'<a id="[^"]+">'):
        found, there = (re.findall(line, prose(p), re.MULTILINE) for p in (page, other))
        assert found == there
    assert [len(row) for row in rows(prose(page))] == [len(row) for row in rows(prose(other))]
    assert blocks(page) == blocks(other)
    assert prose(page).count("\n") == prose(other).count("\n")


@pytest.mark.parametrize("page", PAGES[1:])
def test_both_languages_name_the_same_codes_in_each_row(page):
    for row, other in zip(rows(prose(page)), rows(prose(TRANSLATED[page])), strict=True):
        assert sorted(set(codes(" ".join(row)))) == sorted(set(codes(" ".join(other))))


@pytest.mark.parametrize("page", BOTH)
def test_each_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        there = (DOCS / page).parent / path if path else DOCS / page
        assert there.exists(), link
        if anchor:
            assert f'<a id="{anchor}"></a>' in there.read_text("utf-8"), link


@pytest.mark.parametrize("page", ["en/concepts.md", "zh/concepts.md"])
def test_the_concepts_fit_on_two_screens(page):
    assert text_of(page).count("\n") <= CONCEPT_LINES_MAX


# --- the wire: every code, field and option ------------------------------------------------------

BORN = [None, "2022-01-15", "2014-05-01", "2009-05-01", "1990-01-15"]
TIMES = ["2018-06-01T12:00", "2020-06-01T12:00", "2026-11-18T15:00", "2026-11-20T20:10",
         "2031-01-03T20:10"]  # fmt: skip
GUARDIAN = {
    "daily_minutes": 1,
    "windows": [],
    "single_fen": 1,
    "daily_fen": 1,
    "monthly_fen": 1,
    "features": dict.fromkeys(sorted(features()), False),
    "max_rating": "8+",
}
USAGE = {
    "played_today_s": 86_400,
    "continuous_s": 86_400,
    "spent_today_fen": 10**9,
    "spent_month_fen": 10**9,
    "counts": {"pk_window": 10**9},
}
CAPS = TextFile("caps.toml", text_of("en/wire.md").split("# payments.toml\n")[1].split("```")[0])


def least_asks(page):
    """The smallest ask of each kind, as the page's table has it, with the cell of each law."""
    return {
        codes(row[0])[0]: (json.loads(codes(row[2])[0]), row[3:])
        for row in rows(part(page, "asks"))
        if row[2].startswith("`{")
    }


def all_asks():
    for ask, _ in least_asks("en/wire.md").values():
        yield ask
    yield {"kind": "view", "rating": "16+", "minors_only_service": True}
    yield {"kind": "view", "categories": ["gambling", "self_harm_inducement"]}
    yield {"kind": "view", "categories": ["risky_stunt"], "slot": "popup"}
    yield {"kind": "view", "categories": ["risky_stunt"]}
    yield {"kind": "purchase", "fen": 10**12, "order": "o"}
    yield {"kind": "purchase", "fen": 1, "order": "o", "for": "other"}
    yield {"kind": "gift", "fen": 50_000, "order": "o"}
    yield {"kind": "mode", "on": False}
    yield {
        "kind": "page",
        "course_reviewed": False,
        "ads": [{"learning_related": False}],
        "popups": [{"leads_to": "shop"}],
        "links": [{"leads_to": "game"}],
        "comments": "publish_then_review",
        "nonprofit": True,
        "charges_fen": 1,
    }
    yield {"kind": "lesson", "starts": STARTS, "minutes": 90, "break_before_min": 0}


STARTS = "2026-11-20T20:00:00+08:00"
LAWS = ("cn.base", "cn.game", "cn.live", "cn.social", "cn.course", "cn.ai")


@cache
def said():
    """All codes, states and duties that the packs that ship can give, by asking them."""
    found = {"reasons": set(), "degraded": set(), "obligations": set()}
    for line, answer in said_lines():
        assert "error" not in answer, (line, answer)
        found["reasons"] |= {reason["code"] for reason in answer.get("reasons", ())}
        found["degraded"] |= set(answer.get("degraded", ()))
        found["obligations"] |= set(answer.get("obligations", ()))
    return found


def said_lines():
    subjects = [
        {"id": "u", "identity": identity, **extra, **({"born": born} if born else {})}
        for identity, born, extra in product(
            ("none", "pending", "verified"), BORN, ({}, {"guardian": GUARDIAN})
        )
    ]
    toggles = [{"kind": "feature", "feature": feature} for feature in sorted(features())]
    verified = [subject for subject in subjects if subject["identity"] == "verified"]
    for given, asked in (
        ({}, product(LAWS, TIMES, all_asks(), subjects, ({}, USAGE))),
        ({}, product(("cn.ai",), TIMES[3:4], toggles, verified, ({},))),
        ({"readings": {"pending": "deny"}}, product(("cn.game",), TIMES, all_asks(), subjects)),
        ({"house": CAPS}, product(("cn.live",), TIMES, all_asks(), verified)),
    ):
        decider = Decider(lambda ids, given=given: law(*ids, **given), (), "zh")
        for law_id, at, ask, subject, *usage in asked:
            if at < (subject.get("born") or ""):
                continue
            line = {"law": law_id, "at": f"{at}:00+08:00", "ask": ask, "subject": subject}
            line["usage"] = usage[0] if usage else {}
            _, text = decider.answer(json.dumps(line).encode())
            yield line, json.loads(text)
    yield from (("counted", answer) for answer in counted())


def counted():
    """An afternoon that gets every answer that only counting gives."""
    replayer = Replayer(lambda ids: law(*ids), ("cn.game",), "zh", store=stores.open("memory:"))
    subject = {"id": "u", "born": "2012-05-01", "identity": "verified"}
    opened = [("20:10", "ask", {"kind": "login", "session": f"s-{n}"}) for n in range(17)]
    order = {"order": "o"}
    for clock, key, what in (
        *opened,
        ("20:05", "ask", {"kind": "login", "session": "late"}),
        ("20:11", "fact", {"kind": "leave", "session": "s-0"}),
        ("20:11", "ask", {"kind": "heartbeat", "session": "s-0"}),
        ("20:11", "ask", {"kind": "purchase", "fen": 1, **order}),
        ("20:11", "ask", {"kind": "purchase", "fen": 2, **order}),
        ("20:11", "fact", {"kind": "payment_cancelled", **order}),
        ("20:11", "fact", {"kind": "payment_settled", **order}),
    ):
        line = {"at": f"2026-11-20T{clock}:00+08:00", "subject": subject, key: what}
        good, text = replayer.answer(json.dumps(line).encode())
        assert good
        yield json.loads(text)


@pytest.mark.parametrize("page", WIRE)
@pytest.mark.parametrize("table", ["reasons", "degraded", "obligations"])
def test_the_table_holds_what_the_packs_can_say_and_nothing_else(page, table):
    listed = first_codes(part(page, table))

    assert len(listed) == len(set(listed))
    assert set(listed) == said()[table]


@pytest.mark.parametrize("page", WIRE)
def test_each_reason_is_in_the_table(page):
    assert sorted(first_codes(part(page, "reasons"))) == sorted(get_args(Code))


@pytest.mark.parametrize("page", WIRE)
@pytest.mark.parametrize(("column", "law_id"), [*enumerate(COVERING)])
def test_the_kinds_of_ask_are_judged_where_the_table_has_a_tick(page, column, law_id):
    [head] = re.findall(r"^\| `kind` \|.*`cn\.base`.*$", part(page, "asks"), re.MULTILINE)
    assert codes(head)[1 + column] == law_id
    asks = least_asks(page)
    decider = Decider(lambda ids: law(*ids), (law_id,), "zh")
    kinds = {name for shape in ASKS for name in _kinds(shape)}
    assert asks.keys() == kinds

    for ask, cells in asks.values():
        subject = {"born": "1990-01-15", "identity": "verified"}
        line = {"at": "2026-11-20T20:10:00+08:00", "subject": subject, "ask": ask}
        _, text = decider.answer(json.dumps(line).encode())
        reasons = [reason["code"] for reason in json.loads(text)["reasons"]]
        assert cells[column] == ("–" if reasons == ["not_covered"] else "✓"), ask


ASKS = get_args(get_args(shapes.Ask)[0])


def _kinds(shape):
    return get_args(get_type_hints(shape)["kind"])


@pytest.mark.parametrize("page", WIRE)
@pytest.mark.parametrize(
    "shape", [shapes.AgeShape, shapes.RecipientShape, shapes.AdShape, shapes.LinkShape]
)
def test_each_field_inside_a_field_is_explained(page, shape):
    explained = " ".join(codes(prose(page)))

    for field in shape.__annotations__:
        assert re.search(rf"\b{field}\b", explained), field


class Said(NamedTuple):
    """What a table says of one field of one line."""

    path: tuple[str, ...]
    line: dict[str, object]
    bounds: str
    required: bool
    nullable: bool

    def put(self, *value):
        """Whether the line is judged with that value in the field, or with none."""
        line = json.loads(json.dumps(self.line))
        at = line
        for step in self.path[:-1]:
            at = at.setdefault(step, {})
        at.pop(self.path[-1], None)
        if value:
            at[self.path[-1]] = value[0]
        judged, _ = Decider(loaded, ("cn.game",), "zh").answer(json.dumps(line).encode())
        return judged


@cache
def loaded(ids):
    return law(*ids)


def said_of_fields(page):
    line = {"at": "2026-11-20T20:10:00+08:00", "ask": {"kind": "login"}}
    for anchor, path in (
        ("request", ()),
        ("subject", ("subject",)),
        ("guardian", ("subject", "guardian")),
        ("usage", ("usage",)),
    ):
        for row in rows(part(page, anchor)):
            yield _said((*path, codes(row[0])[0]), line, row[1:])
    for row in rows(part(page, "asks")):
        for kind in codes(row[0]) if not row[2].startswith("`{") else ():
            ask, _ = least_asks(page)[kind]
            for field in codes(row[1]):
                yield _said(("ask", field), {**line, "ask": ask}, row[2:])


def _said(path, line, cells):
    bounds, default, null = cells
    return Said(path, line, bounds, default in {"required", "必填"}, null in {"yes", "是"})


SAID = [
    pytest.param(said, id=f"{page}: {'.'.join(said.path)}")
    for page in WIRE
    for said in said_of_fields(page)
]


@pytest.mark.parametrize("field", SAID)
def test_a_field_may_be_null_or_left_out_where_the_table_says_so(field):
    assert field.put(None) == field.nullable
    assert field.put() == (not field.required)


@pytest.mark.parametrize("field", SAID)
def test_a_number_or_a_text_is_taken_up_to_its_bounds_and_refused_beyond(field):
    found = re.match(r".*?(\d+)–(\d+)(?:\^(\d+))?( characters| 个字符)?", field.bounds)
    if found is None or field.path[-1] in {"age", "features", "counts", "labels", "law"}:
        return
    least, most = int(found[1]), int(found[2]) ** int(found[3] or 1)
    value = (lambda n: "x" * n) if found[4] else (lambda n: n)

    assert field.put(value(least))
    assert field.put(value(most))
    assert not field.put(value(most + 1))
    assert not field.put(value(least - 1))


@pytest.mark.parametrize("page", WIRE)
def test_the_tables_hold_every_field_of_a_request_line_and_no_other(page):
    listed = [(*said.path, said.line["ask"]["kind"]) for said in said_of_fields(page)]
    shaped = {
        *((field, "login") for field in shapes.Line.__annotations__),
        *(("subject", field, "login") for field in shapes.SubjectShape.__annotations__),
        *(("subject", "guardian", f, "login") for f in shapes.GuardianShape.__annotations__),
        *(("usage", field, "login") for field in shapes.UsageShape.__annotations__),
        *(
            ("ask", field, kind)
            for shape in ASKS
            for kind in _kinds(shape)
            for field in shape.__annotations__
            if field != "kind"
        ),
    }

    assert len(listed) == len(set(listed))
    assert set(listed) == shaped


@pytest.mark.parametrize("page", WIRE)
def test_each_field_of_an_answer_is_explained_in_its_order(page):
    line = b'{"at":"2026-11-20T20:10:00+08:00","ask":{"kind":"login"}}'
    _, text = Decider(lambda ids: law(*ids), ("cn.game",), "zh").answer(line)

    assert first_codes(part(page, "answer")) == list(json.loads(text))


@pytest.mark.parametrize("page", WIRE)
def test_each_fact_is_explained_with_its_fields(page):
    listed = {
        kind: [code for code in codes(row[2]) if code in FACT_FIELDS]
        for row in rows(part(page, "facts"))
        for kind in codes(row[0])
    }

    assert listed == {
        kind: [field for field in shape.__annotations__ if field != "kind"]
        for shape in FACTS
        for kind in _kinds(shape)
    }


FACTS = get_args(get_args(shapes.Fact)[0])
FACT_FIELDS = {field for shape in FACTS for field in shape.__annotations__}


@pytest.mark.parametrize("page", WIRE)
def test_each_field_of_what_was_used_is_explained_in_its_order(page):
    listed = [code for row in rows(part(page, "used")) for code in codes(row[0])]

    assert listed == list(next(counted())["usage"])


@pytest.mark.parametrize("page", WIRE)
def test_all_features_are_judged_wherever_any_is(page):
    for law_id in COVERING:
        assert law(law_id).features >= features().keys()

    assert f" {len(features())} " in part(page, "asks")


def options_of(capsys, *command):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return set(re.findall(r"--[a-z-]+", capsys.readouterr().out))


@pytest.mark.parametrize("page", WIRE)
def test_each_option_of_the_command_line_is_explained_with_its_command(page, capsys):
    own, shared = {}, set()
    for row in rows(prose(page)):
        if row[0].startswith("`--"):
            shared.add(codes(row[0])[0].split()[0])
        elif row[1].startswith("`--"):
            own.setdefault(codes(row[0])[0], set()).add(codes(row[1])[0].split()[0])

    for command in ("decide", "replay", "explain", "calendar", "features", "lint-page"):
        assert options_of(capsys, command) == shared | own.get(command, set()), command
    assert options_of(capsys, "holds") == own["holds"] | {"--help"}
    assert options_of(capsys, "law", "cases") == own["law cases"] | {"--help"}


# --- the law: the worked example, the readings ---------------------------------------------------


def hunks(page):
    """Each change that a page shows, as the text before and after it."""
    for kind, text in blocks(page):
        if kind == "diff":
            lines = text.splitlines(keepends=True)
            yield tuple(
                "".join(line[1:] for line in lines if line[0] in marks) for marks in (" -", " +")
            )


def game_with(text, base=None):
    """The law ``cn.game`` with another text of its own pack, and of the common one."""
    common = shipped_pack("cn.base") if base is None else read_pack("cn/base.toml", base)
    pack = read_pack("cn/game.toml", text)
    documents = common.spec.documents | pack.spec.documents
    packs = (common, shipped_pack("cn.mode"), pack)
    rules = [rule for p in packs for rule in rules_of(p, documents, ratings(), DEFAULTS)]
    rules = [rule for rule in rules if rule.id not in pack.spec.without]
    content = [rule for rule in law("cn.game").rules if isinstance(rule, ContentRule)]
    return replace(law("cn.game"), rules=(*rules, *content))


@cache
def example():
    """The pack before the change of the page, the changes, and the pack of today."""
    now = shipped("cn/game.toml")
    changes = list(hunks("en/law.md"))
    before = now
    for old, new in changes:
        assert before.count(new) == 1, new
        before = before.replace(new, old)
    return before, changes, now


def shown_file(name):
    return files("en/law.md")[name].partition("\n")[2]


def test_the_steps_of_the_page_lead_from_the_pack_before_to_the_pack_of_today():
    before, changes, now = example()
    text = before
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)

    assert text == now
    assert shown_file("cn/base.toml") in shipped("cn/base.toml")
    assert len(game_with(now).rules) == len(game_with(before).rules) + 1
    assert set(game_with(now).rules) == set(law("cn.game").rules)


def test_the_cases_of_the_page_ship_and_fail_before_the_change_and_hold_after_it(monkeypatch):
    before, _, now = example()
    written = shown_file("cn/cases/game.toml")
    names = [case["name"] for case in tomllib.loads(written)["case"]]
    [last_second, midnight] = [case for case in cases.cases_of("cn.game") if case.name in names]
    assert written in shipped("cn/cases/game.toml")

    monkeypatch.setattr(cases, "law_of", lambda *_, **__: game_with(before))
    wrong = [line.split(":")[0] for line in cases.failures_of(last_second)]
    assert wrong == ["next_allowed_at"]
    assert cases.failures_of(midnight)

    monkeypatch.setattr(cases, "law_of", lambda *_, **__: game_with(now))
    assert cases.failures_of(last_second) == cases.failures_of(midnight) == []


def test_the_lock_gains_the_line_that_the_page_shows_and_no_line_changes():
    old, _, new = example()
    before, now = (dict(edition_digests(read_pack("cn/game.toml", t))) for t in (old, new))
    gained = dict(now.items() - before.items())

    assert before.items() <= now.items()
    assert gained.keys() == tomllib.loads(shown_file("LOCK.toml")).keys()


def slips():
    """What the loader is to say, and a pack in which that step was left out."""
    _, [(_, window), (_, quota)], now = example()
    closed = "  effective_until = 2021-09-01\n"
    uncited, unrepealed = (re.sub(rf"  {key}.*\n", "", quota) for key in ("citations", "repealed"))
    base = shipped("cn/base.toml")
    return {
        "no document is called nppa-2021": (now, base.replace(shown_file("cn/base.toml"), "")),
        "two editions in force on 2021-09-01": (now.replace(window, window.replace(closed, "")),),
        "no edition from 2021-09-01 on, and no repealed_by": (now.replace(quota, unrepealed),),
        "Field required": (now.replace(quota, uncited),),
    }


UNLOCKED = "differs from LOCK.toml"


@pytest.mark.parametrize("page", LAW)
def test_each_slip_of_the_page_is_refused_as_it_says(page):
    said = [codes(row[1])[0] for row in rows(part(page, "slips"))]
    assert said == [*slips(), UNLOCKED]

    for reason, texts in slips().items():
        assert texts != (shipped("cn/game.toml"), shipped("cn/base.toml"))[: len(texts)]
        with pytest.raises(InvalidPack) as refused:
            game_with(*texts)
        assert refused.value.reason == reason


def test_an_edition_that_is_not_in_the_lock_is_refused_as_the_page_says():
    _, [(_, window), _], now = example()
    later = now.replace(window, window.replace("2021-09-01", "2021-09-02"))

    with pytest.raises(InvalidPack) as refused:
        check_lock("cn/game.toml", dict(edition_digests(read_pack("cn/game.toml", later))))

    assert refused.value.key == "cn.game.window@2021-09-02"
    assert refused.value.reason.startswith(UNLOCKED)


@pytest.mark.parametrize("page", LAW)
def test_each_key_and_kind_of_a_pack_is_explained(page):
    specs = get_args(rule_shapes.RuleSpec)
    assert first_codes(part(page, "kinds")) == [name for spec in specs for name in _kinds(spec)]

    explained = set(re.findall(r"\w+", " ".join(codes(prose(page)))))
    shapes = (schema.Pack, schema.Document, schema.Covers, schema.Settings, schema.CategorySpec)
    for model in (*shapes, rule_shapes.Band, *specs, *_editions(rule_shapes.Edition)):
        keys = {field.alias or name for name, field in model.model_fields.items()}
        assert keys - {"message"} <= explained, (model, keys - explained)
    assert set(get_args(Cell)) <= explained
    assert explained >= cases.CASE_KEYS
    assert first_codes(part(page, "provenance")) == list(PROVENANCES)


def _editions(shape):
    yield shape
    for narrower in shape.__subclasses__():
        yield from _editions(narrower)


@pytest.mark.parametrize("page", LAW)
def test_the_table_says_in_which_packs_each_provenance_is_found(page):
    laws = [law(*KNOWN_LAWS, readings={"tips": tips}) for tips in READINGS["tips"]]
    found = {(rule.head.provenance, rule.head.pack) for one in laws for rule in one.rules}
    listed = {
        (codes(row[0])[0], pack)
        for row in rows(part(page, "provenance"))
        for pack in codes(row[2])
        if pack.startswith("cn.")
    }

    assert listed == found


@pytest.mark.parametrize("page", LAW)
def test_each_reading_is_listed_with_its_default_first(page):
    listed = {codes(row[0])[0]: tuple(codes(row[1])) for row in rows(part(page, "readings"))}

    assert listed == dict(READINGS)


@pytest.mark.parametrize("page", LAW)
def test_the_ages_of_the_page_are_reached_on_the_days_that_it_says(page):
    table = rows(part(page, "age"))
    assert len(table) == 6

    for born, age, *days in table:
        reached = [
            attained_on(date.fromisoformat(born), int(age), reading).isoformat()
            for reading in READINGS["age_attainment"]
        ]
        assert days == reached


@pytest.mark.parametrize("page", LAW)
def test_the_days_of_the_page_are_open_under_the_readings_that_it_says(page):
    readings = READINGS["calendar"]
    calendars = [law("cn.game", readings={"calendar": name}).calendar for name in readings]
    table = rows(part(page, "calendar"))
    assert len(table) == 5

    for day, _, *states in table:
        ordinal = date.fromisoformat(day).toordinal()
        assert [state in {"open", "可玩"} for state in states] == [
            calendar.playable(ordinal) for calendar in calendars
        ]


@pytest.mark.parametrize("page", LAW)
def test_the_two_calendars_differ_by_as_many_days_as_the_page_says(page):
    days = range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())
    calendars = [
        law("cn.game", readings={"calendar": name}).calendar for name in READINGS["calendar"]
    ]
    published, literal = ({day for day in days if one.playable(day)} for one in calendars)
    numbers = re.findall(r"2026\D+(\d+)\D+(\d+)\D+(\d+)", part(page, "calendar"))[-1]

    assert tuple(map(int, numbers)) == (len(published), len(literal), len(published ^ literal))


# --- counting and stores: promises, numbers, errors, options -------------------------------------


@pytest.mark.parametrize("page", [*COUNTING, *STORES, *SCALE, *IDENTITY, *GUARDIANS, *CONTENT])
def test_each_promise_of_the_page_is_proved_by_a_test_that_exists(page):
    proofs = re.findall(r"`(test_\w+\.py)::([Tt]est\w+)`", prose(page))
    assert len(proofs) >= 5

    for file, test in proofs:
        here = rf"^ *((async )?def {test}\(|{test} = \w+\.TestCase$)"
        assert re.search(here, (TESTS / file).read_text("utf-8"), re.MULTILINE), (file, test)


@pytest.mark.parametrize("page", [*COUNTING, *IDENTITY, *GUARDIANS, *CONTENT])
def test_no_promise_of_the_page_is_without_its_test(page):
    for row in rows(part(page, "promises")):
        assert re.search(r"`test_\w+\.py::[Tt]est\w+`$", row[1]), row


@pytest.mark.parametrize("page", [*COUNTING, *STORES, *SCALE, *IDENTITY, *GUARDIANS, *CONTENT])
def test_each_number_of_the_page_is_the_one_in_the_code(page):
    table = rows(part(page, "bounds"))
    assert len(table) >= 5

    for number, _, where in table:
        module, _, name = codes(where)[0].rpartition(".")
        value = getattr(import_module(f"minorguard.{module}"), name)
        assert number == (
            ".".join(map(str, value))
            if type(value) is tuple
            else format(value, "g" if type(value) is float else "")
        ), where


@pytest.mark.parametrize("page", COUNTING)
def test_the_bounds_are_the_same_where_they_are_explained(page):
    for anchor, bounds in (
        ("time", (time.WINDOW_S, time.OPEN_MAX, time.SPANS_MAX)),
        ("money", (time.WINDOW_S, money.ORDERS_MAX)),
    ):
        for bound in bounds:
            assert re.search(rf"\b{bound}\b", part(page, anchor)), bound


@pytest.mark.parametrize("page", COUNTING)
def test_each_fact_does_to_an_order_what_the_page_says(page):
    child = Subject("p", born=date(2012, 5, 1), identity="verified")
    at = datetime(2026, 11, 20, 12, tzinfo=ZONE)
    facts = {
        "Settled": Settled(child, "o", fen=100),
        "Cancelled": Cancelled(child, "o"),
        "Refunded": Refunded(child, "o", fen=100),
    }
    spent = {"Settled": [100] * 4, "Cancelled": [0, 0, 100, 0], "Refunded": [0, 100, 100, 0]}
    table = rows(part(page, "money"))
    assert [codes(row[0])[0] for row in table] == list(facts)

    for name, *cells in table:
        fact = facts[codes(name)[0]]
        for before, cell, fen in zip(
            ([], ["hold"], ["hold", "Settled"], ["hold", "Cancelled"]),
            cells,
            spent[codes(name)[0]],
            strict=True,
        ):
            guard = Guard(law("cn.game"), store=stores.open("memory:"))
            for step in before:
                if step == "hold":
                    assert guard.decide(Spend(child, fen=100, order="o"), at=at)
                else:
                    guard.record(facts[step], at=at)
            refused = type(fact) is Refunded and "InvalidRequest" in cell
            with pytest.raises(InvalidRequest) if refused else nullcontext():
                degraded = guard.record(fact, at=at).degraded
                assert (degraded == ("late_settlement",)) == ("late_settlement" in cell), cell
            assert guard.usage(child, at=at).spent_today_fen == fen, cell


@pytest.mark.parametrize("page", IDENTITY)
def test_each_status_has_the_moves_of_the_page(page):
    table = {codes(row[0])[0]: codes(row[2]) for row in rows(part(page, "status"))}

    assert {old: set(new) for old, new in table.items()} == verification.MOVES
    assert list(table) == list(verification.MOVES)


@pytest.mark.parametrize("page", IDENTITY)
def test_each_code_of_the_national_system_is_in_the_table_once(page):
    listed = first_codes(part(page, "errors"))

    assert sorted(map(int, listed)) == sorted(wire_codes.CODES.keys() - {wire_codes.OK})


@pytest.mark.parametrize("page", IDENTITY)
def test_the_limits_of_the_national_system_are_those_of_the_page(page):
    text = part(page, "nppa")

    assert {code for code in codes(text) if code.endswith(".cn")} == nppa_places.OFFICIAL_HOSTS
    for limit in (*nppa_pace.LIMITS.values(), wire_messages.BATCH_MAX):
        assert re.search(rf"(?<!\d){limit}(?!\d)", text), limit
    for number in (
        wire_messages.REPORT_WITHIN_S,
        nppa_pace.BREAKER_OPEN_S,
        verification.PENDING_MAX // timedelta(hours=1),
    ):
        assert re.search(rf"(?<!\d){number}(?!\d)", text), number


@pytest.mark.parametrize("page", STORES)
def test_each_error_of_a_store_is_explained_with_its_code(page):
    listed = {codes(row[0])[0]: codes(row[1])[0] for row in rows(part(page, "errors"))}

    assert listed == {error.__name__: error.code for error in StoreError.__subclasses__()}
    assert {error.status_hint for error in StoreError.__subclasses__()} == {503}
    for row in rows(part(page, "errors")):
        assert row[3].startswith("503")


@pytest.mark.parametrize("page", STORES)
def test_each_option_of_an_address_is_explained_with_its_values(page):
    listed, values = {}, {}
    for row in rows(part(page, "options")):
        for scheme in codes(row[0]):
            listed.setdefault(scheme, []).extend(codes(row[1]))
            values[scheme, codes(row[1])[0]] = codes(row[2])

    wanted = {scheme: sorted(options) for scheme, options in stores.OPTIONS.items() if options}
    assert {scheme: sorted(options) for scheme, options in listed.items()} == wanted
    assert values["sqlite", "journal"] == list(sqlite_file.JOURNALS)
    assert values["sqlite", "sync"] == list(sqlite_file.SYNCS)
    assert values["redis", "accept"] == list(redis_address.ACCEPTS)
    assert values["postgresql", "accept"] == list(postgres_address.ACCEPTS)


@pytest.mark.parametrize("page", STORES)
@pytest.mark.parametrize("scheme", ["sqlite", "redis", "postgresql"])
def test_a_number_in_an_address_is_taken_up_to_its_bounds_and_refused_beyond(
    page, scheme, tmp_path
):
    address = {
        "sqlite": f"sqlite:///{tmp_path}/a.db",
        "redis": "redis://h",
        "postgresql": "postgresql://h/d",
    }[scheme]
    read = {
        "sqlite": stores.open,
        "redis": redis_address.read,
        "postgresql": postgres_address.read,
    }[scheme]
    for row in rows(part(page, "options")):
        found = re.match(r"([\d.]+)–([\d.]+)\b", row[2])
        if scheme not in codes(row[0]) or not found:
            continue
        [option] = codes(row[1])
        least, most = map(float, found.groups())
        said = (lambda n: "x" * int(n)) if option == "prefix" else "{:g}".format
        for good in (least, most):
            read(f"{address}?{option}={said(good)}")
        for bad in (least - 1, most + 1):
            with pytest.raises(UnknownStore):
                read(f"{address}?{option}={said(bad)}")
        if scheme != "sqlite" and option != "prefix":
            assert f"{getattr(read(address), option):g}" == row[3]


@pytest.mark.parametrize("page", STORES)
def test_sqlite_is_set_as_the_page_says_for_its_version(page, tmp_path, monkeypatch):
    (_, *before), (_, *since) = rows(part(page, "sqlite"))
    for version, said in (((3, 51, 2), before), ((3, 51, 3), since)):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        store = stores.open(f"sqlite:///{tmp_path}/{version[2]}.db")
        assert [store.journal, store.sync] == [codes(cell)[0] for cell in said]
        store.close()


@pytest.mark.parametrize("page", STORES)
def test_redis_keeps_documents_as_many_days_as_the_page_says(page):
    days = [re.escape(str(int(kept[1]) // 86_400)) for kept in redis_talk.KEPT.values()]

    assert re.search(" " + " .* ".join(days) + " ", part(page, "redis"))


@cache
def contract_of_the_page():
    """The contract test that a page shows, with the store that it is about."""
    document = Sybil([PythonCodeBlockParser()]).parse(DOCS / "en/stores.md")
    for example in document.examples():
        if "class TestOneFile" in str(example.parsed):
            document.namespace["stores"] = stores
            example.evaluate()
    return document.namespace["TestOneFile"]


@pytest.mark.parametrize("claim", [name for name in dir(StoreContract) if name[:5] == "test_"])
def test_the_store_of_the_page_is_a_store(claim):
    contract = contract_of_the_page()()
    contract.setup_method()
    try:
        getattr(contract, claim)()
    finally:
        contract.teardown_method()


def test_the_store_of_the_page_fits_on_one_screen():
    [(_, store)] = [
        text.split("\nclass OneFile")
        for _, text in blocks("en/stores.md")
        if "class OneFile" in text
    ]
    written = [line for line in store.split("\nclass TestOneFile")[0].splitlines() if line.strip()]

    assert len(written) <= STORE_LINES_MAX


# --- guardians and content: the tables are the law's ---------------------------------------------


TABLE_AT = datetime(2026, 11, 20, 12, tzinfo=ZONE)
BANDS = (5, 10, 14, 16)


def features_at(age, *, mode=False):
    born = date(TABLE_AT.year - age, 1, 1)
    subject = Subject("guide", born=born, identity="verified", minors_mode=mode)
    return law("cn.base").features_of(subject, at=TABLE_AT)


def cell_of(row):
    """``✓ `friends` gm``: whether it is open, its value, and who changes it by first letters."""
    value = row.value
    said = "" if value is None else f" {value}" if type(value) is int else f" `{value}`"
    by = "".join(who[0] for who in row.changeable_by)
    return ("✓" if row.enabled else "✗") + said + (f" {by}" if by else "")


@pytest.mark.parametrize("page", GUARDIANS)
def test_the_toggles_of_the_page_are_those_of_the_library(page):
    tables = [features_at(age) for age in BANDS]
    in_mode = features_at(14, mode=True)
    lang = page[:2]
    listed = rows(part(page, "toggles"))
    assert [codes(row[0]) for row in listed] == [[row.id] for row in in_mode]

    for name, what, *cells in listed:
        [toggle] = codes(name)
        *plain, changed = [re.sub(r"(\d+) (s|秒)", r"\1", cell) for cell in cells]
        assert what == features()[toggle][lang]
        assert plain == [cell_of(table[toggle]) for table in tables], toggle
        mode = cell_of(in_mode[toggle])
        assert changed == ("" if mode == plain[2] else mode), toggle


@pytest.mark.parametrize("page", GUARDIANS)
def test_the_numbers_of_the_minors_mode_are_those_of_its_rules(page):
    rules = {rule.id: rule for rule in law("cn.live").rules}
    listed = {codes(row[0])[0]: row[1] for row in rows(part(page, "mode"))}
    said = {
        rule: [int(n) for n in re.findall(r"(?<![\d`])\d+", text)] for rule, text in listed.items()
    }
    assert listed.keys() <= rules.keys()
    under, over = rules["cn.mode.total.under_16"], rules["cn.mode.total.from_16"]
    assert said[under.id][0] * 60 == under.quota_s
    assert over.quota_s // 60 in said[over.id]
    assert rules["cn.mode.rest"].after_s // 60 in said["cn.mode.rest"]
    for rule in ("cn.mode.night", "cn.live.night"):
        [(opens, closes)] = rules[rule].hours
        assert said[rule] == [closes // 3600, 0, opens // 3600, 0], rule


@pytest.mark.parametrize("page", GUARDIANS)
def test_each_consent_opens_what_the_page_says(page):
    opened = {scope: set() for scope in get_args(Consent)}
    for tips in READINGS["tips"]:
        for rule in law("cn.base", readings={"tips": tips}).rules:
            if isinstance(rule, ConsentGate):
                opened[rule.consent].add(rule.feature)

    listed = {codes(row[0])[0]: set(codes(row[2])) for row in rows(part(page, "consents"))}
    assert listed == opened


@pytest.mark.parametrize("page", CONTENT)
def test_each_category_stands_with_its_treatments(page):
    situations = ("general", "prominent", "pushed", "mode", "minors_only")
    treated = {
        name: [getattr(said, situation) for situation in situations]
        for name, said in categories().items()
    }
    listed = {}
    for row in rows(part(page, "categories")):
        if len(row) == 6:
            assert not listed.keys() & set(codes(row[5]))
            listed |= {name: [codes(cell)[0] for cell in row[:5]] for name in codes(row[5])}

    assert listed == treated
    assert f" {len(treated)} " in part(page, "categories")
    treatments = [codes(row[0])[0] for row in rows(part(page, "categories")) if len(row) == 2]
    assert sorted(treatments) == sorted(get_args(Cell))


@pytest.mark.parametrize("page", CONTENT)
def test_each_slot_is_in_its_group(page):
    prominent, pushed, sought = (set(codes(row[1])) for row in rows(part(page, "slots")))

    assert prominent == PROMINENT
    assert prominent | pushed == PUSHED
    assert prominent | pushed | sought == set(get_args(Slot))


@pytest.mark.parametrize("page", CONTENT)
def test_a_prompt_goes_where_the_page_says(page):
    listed = rows(part(page, "prompts"))
    assert [codes(row[0])[0] for row in listed] == list(labels.MEDIA)

    for medium, places, whose in listed:
        manner = labels.MANNERS[codes(medium)[0]]
        assert (manner.provenance == "practice") == (whose.startswith(("ours", "本库")))
        if codes(places):
            ways = [set(codes(way)) for way in re.split("[;；]", places) if codes(way)]
            assert ways == list(map(set, manner.ways)), medium
        else:
            assert set().union(*manner.ways) == set(labels.SPOTS)


@pytest.mark.parametrize("page", CONTENT)
def test_what_the_page_lint_finds_and_misses_is_as_it_was_measured(page):
    measured = import_module("test_page_lint")
    sizes = Counter(map(measured.set_of, measured.LABELS))
    wanted = [
        [sizes[name], *(sum(counts[kind] for counts in table.values()) for kind in range(3))]
        for name, table in measured.MEASURED.items()
    ]
    listed = [row for row in rows(part(page, "courses")) if len(row) == 4]

    assert [[int(re.search(r"\d+", cell)[0]) for cell in row] for row in listed] == wanted


# --- scale: the figures agree with each other, with the code, and with the simulated evening -----

BENCH_GROUPS = ("count", "redis", "pg", "kicks")
COSTS = (
    *("redis_client", "redis_store", "redis_store_alone"),
    *("pg_client", "pg_store", "pg_store_alone"),
)
RENEWED_AFTER_S = LEASE_S - LEASE_S // JITTER_PARTS
CALLS_A_LOGIN = 2
VERDICTS = {"met": "met", "missed": "missed", "in part": "in part",
            "达到": "met", "未达到": "missed", "部分": "in part", "": ""}  # fmt: skip


def number(text):
    return float(text.split(" ")[0].replace(",", ""))


def three_digits(value):
    return format(float(format(value, ".3g")), ",.10g")


def bench_rows(page):
    """Group and case -> goal, the medians, the times in microseconds, the verdict."""
    found = {}
    for group, what, goal, *runs, us, verdict in rows(part(page, "bench"))[: -len(carried(page))]:
        times = [float(text) for text in us.split(" / ")] if us else []
        key = codes(group)[0], codes(what)[0]
        found[key] = goal, [number(run) for run in runs], times, VERDICTS[verdict]
    return found


def carried(page):
    return [row for row in rows(part(page, "bench")) if len(row) == 6]


@cache
def evening():
    """What bench/kicks.py counts, the same on every machine, and the peaks that it finds."""
    sys.path.insert(0, str(TESTS.parent / "bench"))
    try:
        kicks = import_module("kicks")
    finally:
        sys.path.pop(0)
    game, evenings = law("cn.game"), kicks._evenings()
    counted = {
        "players": kicks.PLAYERS,
        "beats": kicks._beats(evenings),
        "fixed": kicks._fixed_calls(evenings),
        "renewals_900": kicks._renewals(game, evenings, kicks.EIGHT, kicks.Decision),
        "renewals_120": kicks._renewals(game, evenings, kicks.QUOTA_DAY, kicks.Decision),
        "renewals_boundary": kicks._renewals(game, evenings, kicks.EIGHT, kicks.ToTheEnd),
        "peak_of": kicks.LOGINS,
    }
    peaks = [row.value.median for row in kicks._peaks(game)]
    return counted, peaks


@cache
def asked_of_the_store(*steps):
    """How often a guard with nothing at hand calls its store for the last of these steps."""
    calls = []

    class Counted:
        def __getattr__(self, name):
            method = getattr(books, name)
            return lambda *given: (calls.append(name), method(*given))[1]

    books = stores.open("memory:")
    guard = Guard(law("cn.game"), store=Counted())
    child = Subject("p-81", born=date(2012, 5, 1), identity="verified")
    acts = {
        "login": Play(child, session="s"),
        "renewal": Play(child, session="s", renewal=True),
        "Left": Left(child, session="s"),
        "purchase": Spend(child, fen=100, order="o"),
    }
    for step, at in steps:
        calls.clear()
        hour, minute = map(int, at.split(":"))
        instant = datetime(2026, 11, 20, hour, minute, tzinfo=ZONE)
        (guard.record if step == "Left" else guard.decide)(acts[step], at=instant)
    return len(calls)


@pytest.mark.parametrize("page", SCALE)
def test_the_calls_to_the_store_are_those_that_the_guard_makes(page):
    login, first, later = ("login", "20:00"), ("renewal", "20:05"), ("renewal", "20:10")
    counted = [
        asked_of_the_store(login),
        asked_of_the_store(login, first),
        asked_of_the_store(login, first, later),
        asked_of_the_store(login, first, later, ("renewal", "21:00")),
        asked_of_the_store(login, first, ("Left", "20:20")),
        asked_of_the_store(("purchase", "20:00")),
    ]

    assert asked_of_the_store(("login", "21:00")) == counted[3] == 0
    assert counted[0] == CALLS_A_LOGIN
    assert [int(row[1]) for row in rows(part(page, "calls"))] == counted


@pytest.mark.parametrize("page", SCALE)
def test_a_goal_is_called_met_where_all_runs_met_it(page):
    table = bench_rows(page)
    assert {group for group, _ in table} == set(BENCH_GROUPS)
    assert sum(bool(goal) for goal, *_ in table.values()) >= 16

    for key, (goal, runs, _, verdict) in table.items():
        if not goal:
            assert not verdict, key
            continue
        sign, bound = goal.split(" ")
        met = [(x <= float(bound)) if sign == "≤" else (x >= float(bound)) for x in runs]
        assert verdict == ("met" if all(met) else "in part" if any(met) else "missed"), key


def test_both_languages_have_the_same_figures():
    assert bench_rows("en/scale.md") == bench_rows("zh/scale.md")
    for anchor, column in (("cpu", slice(0, -1)), ("inputs", slice(0, 2)), ("steps-of-it", 1)):
        mine, other = (rows(part(page, anchor)) for page in SCALE)
        assert [row[column] for row in mine] == [row[column] for row in other]


@pytest.mark.parametrize("page", SCALE)
def test_what_a_step_carries_follows_from_the_slowest_run(page):
    measured = bench_rows(page)
    assert len(carried(page)) == 5

    for group, what, us, *figures in carried(page):
        [slowest] = [
            max(m[2]) for key, m in measured.items() if key == (codes(group)[0], codes(what)[0])
        ]
        a_second = 1e6 / slowest
        assert number(us) == slowest
        assert figures == [
            three_digits(a_second),
            three_digits(a_second * 60 / CALLS_A_LOGIN),
            three_digits(a_second * RENEWED_AFTER_S),
        ]


@pytest.mark.parametrize("page", SCALE)
def test_the_evening_is_counted_as_the_page_says(page):
    counted, peaks = evening()
    inputs = {codes(row[0])[0]: number(row[1]) for row in rows(part(page, "inputs"))}
    table = bench_rows(page)
    plain = inputs["peak_plain"]
    beating = counted["fixed"] + counted["beats"]

    assert counted.items() <= inputs.items()
    assert peaks == [plain / inputs["peak_900"], plain / inputs["peak_120"]]
    for what, value in (
        *zip(
            [f"renewals in a second, {s}-s leases: plain / jittered" for s in (900, 120)],
            peaks,
            strict=True,
        ),
        *(
            (f"calls: 30-s heartbeats / leases {name}", beating / (counted["fixed"] + counted[key]))
            for name, key in (
                ("to the boundary", "renewals_boundary"),
                ("of 900 s", "renewals_900"),
                ("of 120 s", "renewals_120"),
            )
        ),
    ):
        assert table["kicks", what][1] == [round(value, 2)] * 3, what


@pytest.mark.parametrize("page", SCALE)
def test_each_step_of_the_arithmetic_is_computed_as_it_is_written(page):
    inputs = {codes(row[0])[0]: number(row[1]) for row in rows(part(page, "inputs"))}
    table = bench_rows(page)
    [head] = re.findall(r"^\| \| `redis_client`.*$", part(page, "cpu"), re.MULTILINE)
    assert tuple(codes(head)) == COSTS
    known = dict(inputs)
    for name, *costs in rows(part(page, "cpu")):
        known |= {f"{c}_{codes(name)[0]}": float(us) for c, us in zip(COSTS, costs, strict=False)}
    times_less = [
        known[f"{server}_store_alone_{call}"] / known[f"{server}_store_{call}"]
        for server in ("redis", "pg")
        for call in ("login", "first", "renewal", "left")
    ]
    assert [round(min(times_less)), round(max(times_less))] == [3, 6]  # "3 to 6 times less"
    decide = max(table["count", "memory heartbeat / bool(law.decide)"][2])
    end = max(table["kicks", "re-deciding / ending, 200,000 sessions at nine"][2])
    assert (known["decide_us"], known["end_us"], known["nine_calls"]) == (decide, end, 0)

    steps = [row for row in rows(part(page, "steps-of-it")) if row[0]]
    assert len(steps) >= 20
    for name, figure, _, formula in steps:
        value = eval(codes(formula)[0], {"__builtins__": {}}, known)  # noqa: S307 - from our page
        known[codes(name)[0]] = value
        assert figure == three_digits(value), name
    used = set(re.findall(r"(?<!\w)[a-zA-Z]\w*", " ".join(row[3] for row in steps)))
    assert inputs.keys() <= used <= known.keys()


@pytest.fixture
def partitioned(postgres_url):
    """The table of the page, made by its SQL, in a schema of its own."""
    import psycopg

    [sql] = [text for kind, text in blocks("en/scale.md") if kind == "sql"]
    schema = f"guide_{token_hex(8)}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {schema}")
        admin.execute(f"SET search_path = {schema}")
        admin.execute(sql)
        yield f"{postgres_url}?schema={schema}&create=no"
        admin.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.parametrize("contract", [StoreContract, AsyncStoreContract])
def test_the_partitioned_table_of_the_page_is_a_store(contract, partitioned):
    import psycopg

    class Partitioned(contract):
        def open_store(self, _place):
            return stores.open(partitioned)

        def open_async_store(self, _place):
            return stores.open_async(partitioned)

    address, _, options = partitioned.partition("?")
    schema = options.split("&")[0].removeprefix("schema=")
    claims = [name for name in dir(contract) if name.startswith("test_")]
    assert len(claims) >= 5
    with psycopg.connect(address, autocommit=True) as admin:
        for claim in claims:
            admin.execute(f"TRUNCATE {schema}.minorguard_documents")
            one = Partitioned()
            one.setup_method()
            try:
                getattr(one, claim)()
            finally:
                one.teardown_method()
        store = stores.open(partitioned)
        for n in range(200):
            assert store.swap(f"time/guide/p-{n}", None, b"x") is None
        store.close()
        admin.execute(f"SET search_path = {schema}")
        (used,) = admin.execute(
            "SELECT count(DISTINCT tableoid) FROM minorguard_documents"
        ).fetchone()
    assert used == 16
