"""The console as a server: its contract below /api, a web page elsewhere."""

from __future__ import annotations

import ssl
from urllib.parse import parse_qs, urlsplit

from watchfloor.demo.console.certificate import self_signed
from watchfloor.demo.console.contract import Contract, Modes
from watchfloor.demo.console.holdings import Holdings
from watchfloor.demo.console.listening import Connection, Listening

__all__ = ["Console", "Handler"]


class Console(Listening):
    """A console; `with Console(holdings) as console:` runs it until the end of the block."""

    def __init__(self, holdings: Holdings, *, modes: Modes | None = None) -> None:
        """`modes` is how this console behaves, apart from its data."""
        super().__init__()
        self.holdings = holdings
        self.contract = Contract(holdings, modes or Modes())

    @property
    def clock_ms(self) -> int:
        """What the console takes for now."""
        return self.holdings.now_ms

    def certified(self) -> tuple[ssl.SSLContext, str]:
        """Self-signed, as QRadar's own."""
        certificate = self_signed("qradar-console")
        return certificate.context(self.folder), certificate.fingerprint

    def handler(self) -> type[Connection]:
        """What answers requests."""
        return Handler


class Handler(Connection):
    """One connection to a console."""

    @property
    def console(self) -> Console:
        """Whose it is."""
        system: Console = self.server.system
        return system

    def do_GET(self) -> None:
        """Below /api JSON, elsewhere a web page."""
        parts = urlsplit(self.path)
        if not parts.path.startswith("/api/"):
            page = b"<html><title>Application error</title></html>"
            self.send(200, {"Content-Type": "text/html"}, page)
            return
        params = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.serve(parts.path.removeprefix("/api"), params)

    def serve(self, path: str, params: dict[str, str]) -> None:
        """Answers one question to the API."""
        status, extra, body = self.console.contract.reply(path, params, self.headers)
        self.send(status, {"Content-Type": "application/json", **extra}, body)
