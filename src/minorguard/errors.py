"""Everything that minorguard raises. A denial is an answer, not an exception.

MinorguardError
├── ConfigurationError   a program or a file is wrong
│   ├── InvalidPack      law, house, notice or message file: file, key, reason
│   ├── UnknownStore     no store answers to such an address
│   └── MissingExtra     an optional part needs a package: extra
├── InvalidRequest       a request that no law could judge: path, reason
├── StoreError           the store did not do its part; never an allow
│   ├── StoreUnavailable it cannot be reached, read or written: nothing was changed
│   ├── Contention       too many writers at once: nothing was changed, ask again
│   └── OutcomeUnknown   it may have been written: counted if it was, granted never
├── IdentityError        who somebody is could not be told; never an allow
│   ├── InvalidIdNumber  a text that is no identity number: reason
│   ├── ProviderUnavailable  the authority gave no answer that can be believed: ask again
│   ├── ProviderRejected the authority refused the question: code
│   └── BadSignature     a sealed or signed text is not what it claims to be
└── Denied               only from ``decision.require()``; carries the Decision

No message, ``repr`` or log line made here contains a name, an identity number, a PIN or a key:
messages say where a value stands and what it should be, never what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minorguard.core.decision import Decision


class MinorguardError(Exception):
    """The root: catching it catches all that this library raises."""

    status_hint: int = 500
    """The HTTP status that fits this error best."""


class ConfigurationError(MinorguardError):
    """The program or one of its files is wrong; no request can repair it."""


class InvalidPack(ConfigurationError):
    """A law, house, notice or message file that must not be used.

    ``file`` is the file's name, ``key`` the dotted place inside it, ``reason`` what is wrong there.
    """

    def __init__(self, file: str, key: str, reason: str) -> None:
        self.file = file
        self.key = key
        self.reason = reason
        super().__init__(f"{file}: {key}: {reason}" if key else f"{file}: {reason}")

    def __reduce__(self) -> tuple[type[InvalidPack], tuple[str, str, str]]:
        return type(self), (self.file, self.key, self.reason)


class UnknownStore(ConfigurationError):
    """No store answers to such an address. ``scheme`` is its first part, as in ``redis``."""

    def __init__(self, scheme: str, reason: str = "no store is called so") -> None:
        self.scheme = scheme
        self.reason = reason
        super().__init__(f"{scheme}: {reason}")

    def __reduce__(self) -> tuple[type[UnknownStore], tuple[str, str]]:
        return type(self), (self.scheme, self.reason)


class MissingExtra(ConfigurationError):
    """An optional part of minorguard needs a package that is not installed.

    ``extra`` is what to install: ``pip install "minorguard[<extra>]"``.
    """

    def __init__(self, extra: str) -> None:
        self.extra = extra
        super().__init__(f'needs an extra: pip install "minorguard[{extra}]"')

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str]]:
        return type(self), (self.extra,)


class InvalidRequest(MinorguardError, ValueError):
    """A request that cannot be judged as it stands.

    ``path`` is the dotted place (``"subject.born"``, ``""`` for the whole), ``reason`` what is
    wanted there. The offending value is never repeated.
    """

    status_hint = 400

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}" if path else reason)

    def __reduce__(self) -> tuple[type[InvalidRequest], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class StoreError(MinorguardError):
    """The store did not do its part. For nobody whom the store has to know is this an allow."""

    status_hint = 503
    code: str = "store_unavailable"
    """The stable string that the wire has for it."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, read or written; nothing was changed."""


class Contention(StoreError):
    """Too many writers wanted the same document at once; nothing was changed, ask again."""

    code = "contention"


class OutcomeUnknown(StoreError):
    """A write may or may not have happened: it counts if it did, and it is not granted.

    Ask again with the same session or order: the answer is then the true one.
    """

    code = "outcome_unknown"


class IdentityError(MinorguardError):
    """Who somebody is could not be told. For nobody is this an allow."""

    status_hint = 503


class InvalidIdNumber(IdentityError, ValueError):
    """A text that is not an identity number. The text is never repeated.

    ``reason`` is a stable code; ``identity.id_numbers.REASONS`` says what each one means.
    """

    status_hint = 400

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"not an identity number: {reason}")

    def __reduce__(self) -> tuple[type[InvalidIdNumber], tuple[str]]:
        return type(self), (self.reason,)


class ProviderUnavailable(IdentityError):
    """The identity authority gave no answer, or none that can be believed; ask again later."""


class ProviderRejected(IdentityError):
    """The identity authority refused the question.

    ``code`` is the authority's own code, ``reason`` what it means; the authority's own words
    are not kept, for they may repeat what was asked.
    """

    status_hint = 502

    def __init__(self, code: int | str, reason: str = "refused by the identity authority") -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code}: {reason}")

    def __reduce__(self) -> tuple[type[ProviderRejected], tuple[int | str, str]]:
        return type(self), (self.code, self.reason)


class BadSignature(IdentityError, ValueError):
    """A sealed or signed text was damaged, forged or made with another key."""

    status_hint = 401


class Denied(MinorguardError):
    """Raised by ``decision.require()`` alone; ``decision`` says why and under which article."""

    status_hint = 403

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(", ".join(finding.code for finding in decision.reasons))

    def __reduce__(self) -> tuple[type[Denied], tuple[Decision]]:
        return type(self), (self.decision,)
