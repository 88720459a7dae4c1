"""Run the game's server on this machine: ``python examples/game_server --help``."""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path

import uvicorn
from server import create_app

from minorguard import ZONE, AsyncGuard, law, stores

HOUSE = Path(__file__).parents[1] / "house.toml"  # the daily cap that 条例 art. 44 wants

options = ArgumentParser(prog="game_server", description=__doc__)
options.add_argument("--port", type=int, default=8021)
options.add_argument("--store", default="memory:", help="memory: or sqlite:///minors.db")
options.add_argument(
    "--clock",
    type=datetime.fromisoformat,
    metavar="TIME",
    help="begin at this time instead of now: 2026-11-20T20:58:45+08:00",
)
given = options.parse_args()

begun = datetime.now(ZONE)
begin = given.clock or begun


def clock() -> datetime:
    return begin + (datetime.now(ZONE) - begun)


store = stores.open_async(given.store)
guard = AsyncGuard(law("cn.game", house=HOUSE), store=store, clock=clock)
uvicorn.run(create_app(guard), host="127.0.0.1", port=given.port, access_log=False)
