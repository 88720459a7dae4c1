"""What a store has to do: keep small opaque documents under keys and compare versions.

No store does arithmetic, knows a rule or reads a date. Four methods, and the whole contract is
``minorguard.testing.StoreContract``: a store that passes it is a store.

**Versions** are whole numbers of 1 or more. A swap that succeeds on version ``v`` makes it
``v + 1``, so the writer knows the new one without asking. The first version of a document that was
never there, or was erased, or has expired, is one that this key never had before.

**Expiry** is the store's own affair, by the kind of document: time and contests may be forgotten
after three days, money after the end of the next month, everything else never. A body that begins
with one of ``STAYS`` is never forgotten: it says where a document has moved to, or that somebody is
in the minors' mode.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

STAYS = (b"\0", b"\3")
"""The first bytes of documents that are never forgotten, whatever their kind."""

Found: TypeAlias = tuple[int, bytes]
"""A version and the document that has it."""

NOTHING: Found = (0, b"")
"""What a refused swap returns where nothing is there."""

Page: TypeAlias = tuple[list[str], str | None]
"""Some keys, and the cursor for the next ones, ``None`` where there are no more."""

KEY_CHARS_MAX = 160
BODY_BYTES_MAX = 1 << 20


class Store(Protocol):
    """Versioned documents. Safe to call from many threads at once, and after a fork.

    Every method may raise ``StoreUnavailable`` or ``Contention``: nothing was changed; ``swap``
    and ``erase`` may also raise ``OutcomeUnknown``: it may or may not have happened.

    Keys are ``kind/scope/person`` of printable ASCII, at most 160 characters.
    """

    def load(self, key: str) -> Found | None:
        """The document under a key, as it was last written, or ``None``."""
        ...

    def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """Put ``body`` in the place of that version, or where nothing is with ``None``.

        Returns ``None`` when done: the document is there, and stays there through a crash as far
        as the store promises. Otherwise nothing was changed and what is there is returned, which
        is ``NOTHING`` where there is no document.
        """
        ...

    def erase(self, key: str) -> None:
        """Forget the document; nothing of it or its key is kept. No document, no error."""
        ...

    def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """Keys that begin so, a page at a time, in any order.

        A key that is there from the first page to the last is returned at least once.
        """
        ...

    def close(self) -> None:
        """Let go of connections; a later call may open them again."""
        ...


class AsyncStore(Protocol):
    """The same four methods, awaited."""

    async def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        ...

    async def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        ...

    async def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        ...

    async def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``."""
        ...

    async def close(self) -> None:
        """See ``Store.close``."""
        ...
