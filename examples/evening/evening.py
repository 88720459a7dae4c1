"""One evening of a game: each request of evening.ndjson, decided and explained in Chinese."""

import sys
from pathlib import Path

from minorguard import law
from minorguard.wire.request import parse

game = law("cn.game")
sys.stdout.reconfigure(encoding="utf-8")

for line in Path(__file__).with_name("evening.ndjson").read_bytes().splitlines():
    query = parse(line)
    decision = game.decide(query.request, at=query.at, usage=query.usage)
    print(f"{'✓' if decision else '✗'} {query.id}")
    print("    " + decision.explain("zh").replace("\n", "\n    "))
