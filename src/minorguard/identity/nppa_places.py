"""Where the national real-name system is: three hosts, and nowhere else unless said aloud."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from minorguard.errors import ConfigurationError

if TYPE_CHECKING:
    from minorguard.identity.nppa_pace import Api

# 接口对接技术规范 V1.8 and 测试系统说明 V1.2. Query and report are documented as plain HTTP: what
# goes there is signed and (the report) sealed, but whoever is on the way can see that it goes, and
# can forge what comes back.
CHECK_HOST: Final = "https://api.wlc.nppa.gov.cn"
OTHER_HOST: Final = "http://api2.wlc.nppa.gov.cn"
TEST_HOST: Final = "https://wlc.nppa.gov.cn"
OFFICIAL_HOSTS: Final = frozenset(
    {"api.wlc.nppa.gov.cn", "api2.wlc.nppa.gov.cn", "wlc.nppa.gov.cn"}
)

_TEST_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Places(NamedTuple):
    """The address of each interface."""

    check: str
    query: str
    loginout: str

    @classmethod
    def of(cls, base_url: str | None, test_code: str | None) -> Places:
        """The official ones; with a test code those of the test system; or those of a fake."""
        if base_url is not None:
            base_url = _checked(base_url)
        if test_code is None:
            return cls(
                f"{base_url or CHECK_HOST}/idcard/authentication/check",
                f"{base_url or OTHER_HOST}/idcard/authentication/query",
                f"{base_url or OTHER_HOST}/behavior/collection/loginout",
            )
        if not _TEST_CODE.fullmatch(test_code):
            raise ConfigurationError("test_code: want 1-64 characters of A-Z a-z 0-9 _ -")
        base_url = base_url or TEST_HOST
        return cls(
            f"{base_url}/test/authentication/check/{test_code}",
            f"{base_url}/test/authentication/query/{test_code}",
            f"{base_url}/test/collection/loginout/{test_code}",
        )

    def of_api(self, api: Api) -> str:
        """The address of one interface."""
        return {"check": self.check, "query": self.query, "loginout": self.loginout}[api]

    @property
    def plain_http(self) -> tuple[str, ...]:
        """Those that go over the network in the clear."""
        return tuple(url for url in self if urlsplit(url).scheme != "https")

    @property
    def hosts(self) -> frozenset[str]:
        """Who is asked."""
        return frozenset(urlsplit(url).netloc for url in self)


def _checked(base_url: str) -> str:
    wanted = "base_url: want https://host or https://host:port, and nothing after it"
    try:
        url = urlsplit(base_url)
        port = url.port
    except ValueError:
        raise ConfigurationError(wanted) from None
    host = f"[{url.hostname}]" if url.hostname and ":" in url.hostname else url.hostname
    whole = f"https://{host}" if port is None else f"https://{host}:{port}"
    if not host or base_url.rstrip("/") != whole:
        raise ConfigurationError(wanted)
    return whole
