"""Which Zeek log a file or a line is: by the log's own path, else by the file's name, else by its fields."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from watchfloor.readers._reader import Head

__all__ = ["accepts", "by_fields", "by_name", "json_object", "path_of"]

PATH_FIELDS = ("_path", "@stream")
"""Where JSON lines carry the log's path: Zeek's JSON streaming, and collectors that put `@` before their own fields."""

_BY_FIELDS = {
    "conn": ({"conn_state"}, {"orig_bytes", "resp_bytes", "proto"}),
    "dns": ({"query", "qtype_name"}, {"query", "qtype"}, {"query", "rcode_name"}),
    "http": ({"method", "uri"}, {"user_agent", "status_code"}, {"trans_depth", "status_code"}),
    "ssl": ({"cipher", "established"}, {"server_name", "established"}, {"ja3", "uid"}),
}
_OURS = (
    {"uid"},
    {"uids"},
    {"fuid"},
    {"id.orig_h"},
    {"id_orig_h"},
    {"_path", "_write_ts"},
    {"@stream", "@proc"},
    {"ts_delta"},
    {"ts_delta", "peer"},
    {"pkts_proc", "events_proc"},
    {"node", "filter", "init"},
    {"certificate.serial"},
    {"certificate_serial"},
    {"fingerprint", "host_cert"},
    {"host", "port_num"},
    {"host", "software_type"},
    {"note", "actions"},
    {"name", "notice", "peer"},
    {"hashAlgorithm", "certStatus"},
    {"machine", "subsystem", "is_exe"},
)
"""Fields that, with `ts`, only Zeek writes together."""
_SCRIPT = re.compile(r"\.(?:zeek|bro)\b")


def accepts(head: Head) -> bool:
    """The `#fields` header of Zeek's TSV, or JSON lines with the fields of a Zeek log."""
    if any(line.startswith(("#separator ", "#fields\t")) for line in head.lines[:20]):
        return True
    found = next((fields for line in head.lines[:20] if (fields := json_object(line))), None)
    return found is not None and _is_ours(found)


def json_object(line: str | bytes) -> dict[str, Any] | None:
    """The JSON object on a line; null where there is none."""
    if not line.lstrip()[:1] in ("{", b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_ours(fields: dict[str, Any]) -> bool:
    if "ts" not in fields:  # loaded_scripts.log has no times
        return {"_path", "_write_ts"} <= fields.keys() or bool(_SCRIPT.search(str(fields.get("name", ""))))
    names = fields.keys() | (
        {"id.orig_h"} if isinstance(fields.get("id"), dict) and "orig_h" in fields["id"] else set()
    )
    return any(signs <= names for signs in _OURS)


def path_of(fields: dict[str, Any]) -> str | None:
    """The log's path as a JSON line states it."""
    return next((fields[name] for name in PATH_FIELDS if isinstance(fields.get(name), str)), None)


def by_name(file: Path) -> str | None:
    """The log that a file name says, of those with a table of their own: `conn.00:00:00-01:00:00.log`, `HOST_ssl.log`."""
    words = re.findall(r"[a-z]+|\d+", file.name.lower().split(".")[0])
    while words and words[-1].isdigit():
        words.pop()
    if not words or words[-1] not in _BY_FIELDS:
        return None
    return f"open_{words[-1]}" if words[-2:-1] == ["open"] else words[-1]


def by_fields(names: Collection[str], file: Path) -> str:
    """The log that has these fields, else the beginning of the file's name."""
    have = set(names)
    for kind, signs in _BY_FIELDS.items():
        if any(sign <= have for sign in signs):
            return kind
    return file.name.split(".")[0]
