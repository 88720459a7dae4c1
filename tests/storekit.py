"""The stores that every claim about counting is tested on: name -> address in an empty folder."""

from secrets import token_hex

from servicekit import url_of


def redis_address(service, folder):
    """A shared server, with a prefix that is this folder's alone."""
    file = folder / "prefix"
    if not file.exists():
        file.write_text(token_hex(8), encoding="ascii")
    place = url_of(service).removeprefix("redis://").rpartition("/")[0]
    scheme = "redis+cluster" if service == "redis-cluster" else "redis"
    return f"{scheme}://{place}?prefix={file.read_text(encoding='ascii')}"


def postgres_address(folder):
    """The shared server, with a schema that is this folder's alone."""
    file = folder / "schema"
    if not file.exists():
        file.write_text(f"test_{token_hex(8)}", encoding="ascii")
    return f"{url_of('postgres')}?schema={file.read_text(encoding='ascii')}"


STORES = {
    "memory": lambda _: "memory:",
    "sqlite": lambda folder: f"sqlite:////{str(folder).lstrip('/')}/minors.db",
    "redis": lambda folder: redis_address("redis", folder),
    "redis-cluster": lambda folder: redis_address("redis-cluster", folder),
    "postgres": postgres_address,
}

SHARED = tuple(name for name in STORES if name != "memory")
"""Those that several processes can share."""
