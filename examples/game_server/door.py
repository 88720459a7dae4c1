"""Who plays now: the sockets. When to warn, renew and show out is the doorkeeper's business."""

from contextlib import suppress
from datetime import datetime
from secrets import token_hex

from fastapi import WebSocket, WebSocketDisconnect

from minorguard import AsyncGuard, Decision, Play, StoreError, Subject
from minorguard.kicks import Doorkeeper

BUSY = {"title": "系统繁忙", "reason": "暂时无法确认能否继续，请稍后再试。", "again": None}
KICKED, REFUSED = 4001, 4003  # close codes from 4000 on are an application's own


class Door:
    """The only way into the game, and out of it."""

    def __init__(self, guard: AsyncGuard) -> None:
        self.now = guard.now
        self.keeper = Doorkeeper(guard)
        self.playing: dict[str, WebSocket] = {}

    async def play(self, socket: WebSocket, who: Subject) -> None:
        """One device's evening, from its login to its end."""
        session = token_hex(8)  # the server's own, and used once
        try:
            seat = await self.keeper.enter(Play(who, session=session))
            await socket.accept()  # to refuse, too: a browser reads no words before
            if not seat:
                await tell(socket, "refused", seat.at, **words(seat))
                await hang_up(socket, REFUSED)
                return
            self.playing[session] = socket
            until = seat.until and seat.until.isoformat()
            await tell(socket, "seat", seat.at, until=until, duties=seat.obligations)
            with suppress(RuntimeError):  # we have hung up
                async for move in socket.iter_text():
                    if session in self.playing:  # nobody moves while being shown out
                        await tell(socket, "moved", self.now(), move=move)
        finally:
            self.playing.pop(session, None)
            with suppress(StoreError):  # untold, the whole lease is charged: never too little
                await self.keeper.leave(session)

    async def warn(self, session: str, minutes: int) -> None:
        if socket := self.playing.get(session):
            await tell(socket, "warning", self.now(), minutes=minutes)

    async def end(self, session: str, refusal: Decision | None) -> None:
        if socket := self.playing.pop(session, None):  # out first: their line may be slow
            why = BUSY if refusal is None else words(refusal)
            await tell(socket, "kicked", self.now(), **why)
            await hang_up(socket, KICKED)


async def tell(socket: WebSocket, kind: str, at: datetime, **facts: object) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # they have just gone
        await socket.send_json({"kind": kind, "at": at.isoformat(timespec="seconds"), **facts})


async def hang_up(socket: WebSocket, code: int) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code)


def words(refusal: Decision) -> dict[str, str | None]:
    """What the player reads: why, under which article, and when again."""
    again = refusal.next_allowed_at
    return {
        "title": refusal.title("zh"),
        "reason": refusal.explain("zh"),
        "again": again.isoformat() if again else None,
    }
