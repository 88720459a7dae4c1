"""What a program that uses minorguard, or extends it, can test itself with.

- ``StoreContract``, ``AsyncStoreContract``: a store that passes is a store
- ``FlakyStore``, ``AsyncFlakyStore``: a store that fails on purpose, the same way for a seed
- ``RecordStoreContract``, ``AsyncRecordStoreContract``: the same for a record store
- ``ProviderContract``, ``AsyncProviderContract``: the same for a provider of verifications
- ``testing.nppa.FakeNppa``: the national real-name system on loopback, over TLS
- ``Waiting``, ``WaitingRecords``: the asynchronous ones for callers that cannot await

Nothing here imports pytest; pytest finds the contracts by their names.
"""

from minorguard.testing.flaky import AsyncFlakyStore, FlakyStore
from minorguard.testing.providers import AsyncProviderContract, ProviderContract
from minorguard.testing.records import AsyncRecordStoreContract, RecordStoreContract
from minorguard.testing.records_races import WaitingRecords
from minorguard.testing.stores import AsyncStoreContract, StoreContract, Waiting

__all__ = [
    "AsyncFlakyStore",
    "AsyncProviderContract",
    "AsyncRecordStoreContract",
    "AsyncStoreContract",
    "FlakyStore",
    "ProviderContract",
    "RecordStoreContract",
    "StoreContract",
    "Waiting",
    "WaitingRecords",
]
