"""What goes wrong on the way: each so many times and then good, or always."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Fault"]

KINDS = frozenset({
    *("503", "503-html", "500", "502-html", "504-html", "550", "429", "429-seconds", "429-date", "401", "403", "404"),
    *("drop-body", "drop-headers", "reset", "chunk-cut", "gzip-cut", "late", "trickle", "stall", "broken-json"),
    *("redirect", "html", "object", "not-utf8", "deep", "echo-token"),
})  # fmt: skip


@dataclass
class Fault:
    """One failure."""

    kind: str
    path: str = "/siem/offenses"
    """The endpoint, below /api."""
    times: int | None = 1
    """How often; null: always."""
    after: int = 0
    """Requests to that endpoint that are good before."""
    seconds: float = 5.0
    """How late, of those that are late; or what Retry-After says."""
    seen: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind

    def strikes(self, path: str) -> bool:
        """Whether it happens to this request."""
        if path != self.path:
            return False
        self.seen += 1
        number = self.seen - self.after
        return number > 0 and (self.times is None or number <= self.times)
