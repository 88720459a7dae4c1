"""One connection to PostgreSQL, as far as it waits for nobody: what is sent, and what came back.

It speaks to libpq itself. psycopg's cursors wait without end for a server that is silent, and take
as long as the statement does.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from psycopg import Error
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus

from minorguard.errors import Contention, OutcomeUnknown, StoreError, StoreUnavailable
from minorguard.stores.postgres_talk import Answer, Clash

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

    from minorguard.stores.postgres_talk import Ask, Statement

BINARY = tuple((1,) * n for n in range(9))
"""The formats of so many values."""
GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)

CLASHES = (b"40001", b"40P01", b"26000", b"0A000")
"""Serialization failure, deadlock; a prepared statement that is gone or out of date."""

DOUBTED = (b"25006", b"26000", b"0A000", b"42P01")
"""After these a connection is not used again: another one is checked anew."""

MEANS = {
    b"25006": "it is read-only now",
    b"42501": "the role may not do this: want SELECT, INSERT, UPDATE, DELETE",
    b"42P01": "the table minorguard_documents is gone",
    b"53100": "its disk is full",
    b"53200": "its memory is full",
    b"53300": "it has no connection left: raise max_connections, or lower ?pool=",
    b"57014": "the statement took too long, or somebody cancelled it",
    b"57P01": "it is being shut down, or somebody ended the connection",
    b"57P02": "it has crashed and starts again",
    b"57P03": "it is starting",
    b"58030": "its drive fails",
    b"XX001": "its data is damaged",
}
"""Errors of the server, in words."""

AT_THE_DOOR = {
    "too many": MEANS[b"53300"],
    "remaining connection slots": MEANS[b"53300"],
    "starting up": MEANS[b"57P03"],
    "in recovery": MEANS[b"57P03"],
    "not yet accepting": MEANS[b"57P03"],
    "shutting down": MEANS[b"57P01"],
    "authentication failed": "user or password is wrong",
    "no password supplied": "it wants a password",
    "no pg_hba.conf entry": "it does not let this user in from here",
    "does not exist": "there is no such role or database",
    "timeout": "no answer in time",
    "session is read-only": "it is read-only now",
}
"""What libpq says when it cannot connect, in words of ours: its own name the user and the host."""


class Talker:
    """A connection that is asked one thing at a time.

    ``usable``: the server has said all it had to say, and can be asked the next thing.
    """

    def __init__(self, pgconn: PGconn, timeout_s: float) -> None:
        self.pgconn = pgconn
        self.timeout_s = timeout_s
        self.usable = False
        self._prepared: set[bytes] = set()
        self._results: list[PGresult] = []
        self._warned = False
        self._writing = False
        self._sent = False
        pgconn.nonblocking = 1
        pgconn.notice_handler = self._notice

    def _notice(self, result: PGresult) -> None:
        self._warned = True
        del result

    def send(self, ask: Ask) -> bool:
        """Send an ask, or what has to go before it: then it is to be sent again. Whether it was."""
        statement, values = ask
        pgconn = self.pgconn
        self.usable = self._warned = self._sent = False
        self._results = []
        self._writing = False
        if pgconn.status != ConnStatus.OK:
            raise self.lost("no connection")
        try:
            if not statement.name:
                if values:
                    pgconn.send_query_params(
                        statement.text, values, param_formats=BINARY[len(values)], result_format=1
                    )
                else:
                    pgconn.send_query(statement.text)
            elif statement.name in self._prepared:
                self._writing, self._sent = statement.writing, True
                pgconn.send_query_prepared(statement.name, values, BINARY[len(values)], 1)
            else:
                pgconn.send_prepare(statement.name, statement.text)
                return False
        except Error:
            raise self.lost("no connection") from None
        return True

    def flushed(self) -> bool:
        """Whether all was sent; else it has to wait until more can be."""
        try:
            return not self.pgconn.flush()
        except Error:
            raise self.lost("no connection") from None

    def hear(self) -> None:
        """Take in what has come."""
        try:
            self.pgconn.consume_input()
        except Error:
            raise self.lost("no connection") from None

    def arrived(self) -> bool:
        """Take in what has come; whether that was all."""
        pgconn, results = self.pgconn, self._results
        try:
            with suppress(Error):  # hung up: but perhaps with a last word
                pgconn.consume_input()
            while not pgconn.is_busy() or pgconn.status != ConnStatus.OK:
                result = pgconn.get_result()
                if result is None:
                    return True
                results.append(result)
        except Error:
            raise self.lost("no connection") from None
        return False

    def prepared(self, statement: Statement) -> None:
        """All has arrived, and what went before the ask is done."""
        self.answer()
        self._prepared.add(statement.name)

    def answer(self) -> Answer:
        """What has arrived, in words: the answer, or ``Clash`` or what the error is to a caller."""
        results, self._results = self._results, []
        for result in results:
            if result.status not in GOOD:
                raise self._meaning(result, may_have_committed=result is not results[0])
        if not results:
            raise self.lost("no connection")
        last = results[-1]
        self.usable = True
        if self._warned and self._writing:
            # Committed, the server warns, but no standby has it that should have it.
            self.usable = False
            raise OutcomeUnknown("postgresql: written, but with a warning of the server")
        columns = range(last.nfields)
        rows = [tuple([last.get_value(row, c) for c in columns]) for row in range(last.ntuples)]
        return Answer(last.command_tuples or 0, rows)

    def _meaning(self, result: PGresult, *, may_have_committed: bool) -> StoreError | Clash:
        code = result.error_field(DiagnosticField.SQLSTATE)
        if code is None:
            return self.lost("no connection")
        only_the_statement = result.error_field(DiagnosticField.SEVERITY_NONLOCALIZED) == b"ERROR"
        self.usable = only_the_statement and code not in DOUBTED
        why = MEANS.get(code, f"SQLSTATE {code.decode('ascii', 'replace')}")
        if not only_the_statement and may_have_committed and self._writing:
            # The server completes a statement before its commit: now nobody knows. An ERROR takes
            # all back even then, and what ends a connection before that, comes before the commit.
            return OutcomeUnknown(f"postgresql: {why}")
        if code in CLASHES:
            return Clash()
        if code == b"55P03":
            return Contention("postgresql: somebody has locked this row")
        return StoreUnavailable(f"postgresql: {why}")

    def lost(self, why: str) -> StoreError:
        """There will be no answer: what that is to a caller."""
        self.usable = False
        kind = OutcomeUnknown if self._writing and self._sent else StoreUnavailable
        return kind(f"postgresql: {why}")


def at_the_door(error: Exception) -> StoreUnavailable:
    """Why there is no connection. No host, no user and no value is repeated."""
    said = str(error)
    why = next((words for sign, words in AT_THE_DOOR.items() if sign in said), "no connection")
    return StoreUnavailable(f"postgresql: {why}")
