"""The server of a game that keeps the law: a door with a clock (door.py), a shop, a callback.

What a real one has besides: a login (here a player's name is believed), the payment service's
signature on its callback, and tables for players and orders in the place of dictionaries.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from secrets import token_hex
from typing import Annotated

from door import BUSY, Door, words
from fastapi import APIRouter, Depends, FastAPI, HTTPException, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel

from minorguard import (
    AsyncGuard,
    Cancelled,
    Denied,
    MinorguardError,
    Settled,
    Spend,
    Subject,
)

PLAYERS = {
    "xiaoming": ("小明，14 岁", Subject("p-81", born=date(2012, 5, 1), identity="verified")),
    "laowang": ("老王，成年人", Subject("p-12", born=date(1986, 3, 9), identity="verified")),
    "newcomer": ("新用户，未实名", Subject("p-99")),
}
SHOP = {
    "gems": ("一袋宝石", 600),
    "card": ("月卡", 3000),
    "hero": ("新英雄", 5000),
    "pet": ("神兽", 9800),
}


@dataclass
class Order:
    who: Subject
    item: str
    delivered: bool = False


@dataclass
class Game:
    """All that the routes work on."""

    guard: AsyncGuard
    door: Door
    orders: dict[str, Order]


def game_of(connection: HTTPConnection) -> Game:
    return connection.app.state.game


def somebody(player: str) -> Subject:
    if player not in PLAYERS:
        raise HTTPException(404)
    return PLAYERS[player][1]


Playing = Annotated[Game, Depends(game_of)]
Who = Annotated[Subject, Depends(somebody)]
routes = APIRouter()


@routes.websocket("/play")
async def play(socket: WebSocket, who: Who, game: Playing) -> None:
    await game.door.play(socket, who)


@routes.post("/orders", status_code=201)
async def order(who: Who, item: str, game: Playing) -> dict[str, object]:
    """Hold the money, or 403 and the reason; then the player is sent to the payment service."""
    if item not in SHOP:
        raise HTTPException(404)
    order, fen = token_hex(8), SHOP[item][1]
    (await game.guard.decide(Spend(who, fen=fen, order=order))).require()
    game.orders[order] = Order(who, item)
    return {"order": order, "fen": fen}


class News(BaseModel):
    """What the payment service tells of an order, as often as it likes."""

    order: str
    paid: bool


@routes.post("/payments/callback")
async def callback(news: News, game: Playing) -> str:
    """First the books, then the goods: what is not answered with 200 is told to us again."""
    order = game.orders.get(news.order)
    if order is None:
        raise HTTPException(404)
    await game.guard.record((Settled if news.paid else Cancelled)(order.who, news.order))
    order.delivered |= news.paid
    return "SUCCESS"


@routes.get("/account")
async def account(who: Who, game: Playing) -> dict[str, object]:
    """What somebody has used, and the shop as it is open to them now."""
    usage = await game.guard.usage(who)
    items = []
    for item, (name, fen) in SHOP.items():
        deal = await game.guard.preview(Spend(who, fen=fen))
        reason = None if deal else deal.explain("zh")
        items.append({"item": item, "name": name, "fen": fen, "reason": reason})
    return {
        "now": game.guard.now().isoformat(),
        "played_s": usage.played_today_s,
        "spent_fen": usage.spent_month_fen,
        "held_fen": usage.held_fen,
        "items": items,
        "bag": [SHOP[o.item][0] for o in game.orders.values() if o.who == who and o.delivered],
    }


@routes.get("/players")
async def players() -> list[dict[str, str]]:
    return [{"id": player, "name": name} for player, (name, _) in PLAYERS.items()]


@routes.get("/healthz")
async def healthz(game: Playing) -> str:
    """Whether the books can be read, and whether somebody watches the clock."""
    await game.guard.usage(Subject("healthz"))
    if not game.door.keeper.running:
        raise HTTPException(503)
    return "ok"


@routes.get("/")
async def page() -> FileResponse:
    return FileResponse(Path(__file__).with_name("page.html"))


async def refuse(_: HTTPConnection, error: MinorguardError) -> JSONResponse:
    """A refusal is 403, a silent store 503; on the way to a WebSocket, too."""
    why = words(error.decision) if isinstance(error, Denied) else BUSY
    return JSONResponse(why, error.status_hint)


@asynccontextmanager
async def watched(app: FastAPI) -> AsyncIterator[None]:
    door = app.state.game.door
    watch = door.keeper.run(warn=door.warn, end=door.end, wait=app.state.wait)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch)
        yield
        door.keeper.stop()


def create_app(guard: AsyncGuard, wait: Callable[..., Awaitable[object]] | None = None) -> FastAPI:
    """The server. ``wait`` is how the doorkeeper sleeps between two looks, for tests."""
    app = FastAPI(title="minorguard: a game's server", lifespan=watched)
    app.state.game = Game(guard, Door(guard), orders={})
    app.state.wait = wait
    app.add_exception_handler(MinorguardError, refuse)
    app.include_router(routes)
    return app
