"""``python -m minorguard.packs.lock`` prints ``LOCK.toml`` for the packs as they stand.

It refuses if an edition that was released has changed: a change of law is a new edition.
``--force`` is for an edition that has not been released yet.
"""

from __future__ import annotations

import sys

from minorguard.packs import KNOWN_LAWS, PARTS
from minorguard.packs.digest import category_digests, edition_digests, notice_digests
from minorguard.packs.files import CATEGORIES, shipped, shipped_pack, toml

HEADER = """\
# The digest of every edition of every rule, and of every holiday notice, as released. The loader
# refuses a pack that differs. An edition in force is never edited: a change of law is a new one.
# Made by `make lock-law`.

[digests]
"""


def main() -> int:
    """Print the lock; 1 if a released edition has changed or gone."""
    name = "cn/calendar.toml"
    packs = (shipped_pack(pack) for pack in (*KNOWN_LAWS, *PARTS))
    lines = [line for pack in packs for line in edition_digests(pack)]
    lines += category_digests(toml(CATEGORIES, shipped(CATEGORIES)))
    lines += notice_digests(toml(name, shipped(name)))
    now, before = dict(lines), toml("LOCK.toml", shipped("LOCK.toml"))["digests"]
    changed = [key for key, value in before.items() if now.get(key) != value]
    if changed and "--force" not in sys.argv[1:]:
        sys.stderr.write(f"released, and changed since: {', '.join(changed)}\n")
        sys.stderr.write("add a new edition instead, or force it if it never was in force\n")
        return 1
    sys.stdout.write(HEADER + "".join(f'"{key}" = "{value}"\n' for key, value in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
