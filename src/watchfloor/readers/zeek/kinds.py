"""Which Zeek log a file or a line is: by the log's own path, else by the file's name, else by its fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from watchfloor.readers._reader import Head
from watchfloor.readers.zeek.objects import flat, json_object

__all__ = ["PATH_FIELDS", "accepts", "by_fields", "by_name", "is_ours", "path_of"]

PATH_FIELDS = ("_path", "@stream")
"""Where JSON lines carry the log's path: Zeek's JSON streaming, and collectors that put `@` before their own fields."""

_BY_FIELDS = {
    "conn": ({"conn_state"}, {"orig_bytes", "resp_bytes", "proto"}),
    "dns": ({"query", "qtype_name"}, {"query", "qtype"}, {"query", "rcode_name"}),
    "http": ({"host", "method"}, {"host", "uri"}, {"host", "status_code"}, {"status_code", "resp_mime_types"}),
    "ssl": ({"cipher", "established"}, {"server_name", "established"}, {"ja3", "uid"}),
}
"""Fields that are in no other log; `sip` has those of `http` but `host`."""
_OURS = (
    {"uid"},
    {"uids"},
    {"fuid"},
    {"id.orig_h"},
    {"_path", "_write_ts"},
    {"@stream", "@proc"},
    {"ts_delta", "peer"},
    {"pkts_proc", "events_proc"},
    {"node", "filter", "init"},
    {"certificate.serial"},
    {"certificate_serial", "certificate_version"},
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
    return next((ours for line in head.lines[:20] if (ours := is_ours(line)) is not None), False)


def is_ours(line: str) -> bool | None:
    """Whether the JSON object on a line is Zeek's; null where there is none."""
    try:
        fields = flat(json_object(line)) if line.startswith("{") else None
    except ValueError:
        fields = None
    if fields is None:
        return None
    if "ts" not in fields:  # loaded_scripts.log has no times
        return {"_path", "_write_ts"} <= fields.keys() or bool(_SCRIPT.search(str(fields.get("name", ""))))
    return any(signs <= fields.keys() for signs in _OURS)


def path_of(fields: Mapping[str, Any]) -> str | None:
    """The log's path as a JSON line states it."""
    return next((fields[name] for name in PATH_FIELDS if isinstance(fields.get(name), str)), None)


def by_name(file: Path) -> str | None:
    """The log with a table of its own that a file name says: `conn.00:00:00-01:00:00.log`, `HOST_ssl.log`."""
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
