"""``python -m minorguard.packs.lock`` prints ``LOCK.toml`` for the packs as they stand."""

from __future__ import annotations

import sys

from minorguard.packs import KNOWN_LAWS
from minorguard.packs.digest import edition_digests, notice_digests
from minorguard.packs.files import shipped, shipped_pack, toml

HEADER = """\
# The digest of every edition of every rule, and of every holiday notice, as released. The loader
# refuses a pack that differs. An edition in force is never edited: a change of law is a new one.
# Made by `make lock-law` (python -m minorguard.packs.lock).

[digests]
"""


def main() -> None:
    """Print the lock."""
    name = "cn/calendar.toml"
    lines = [line for law_id in KNOWN_LAWS for line in edition_digests(shipped_pack(law_id))]
    lines += notice_digests(toml(name, shipped(name)))
    sys.stdout.write(HEADER + "".join(f'"{key}" = "{value}"\n' for key, value in lines))


if __name__ == "__main__":
    main()
