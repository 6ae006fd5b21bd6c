"""Reads Zeek logs block by block: what a file of any size needs in memory is a few blocks and what the keepers hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from watchfloor.engine import Keeper
from watchfloor.errors import UnreadableFile
from watchfloor.readers import files
from watchfloor.readers._reader import Options, Reader, Tables
from watchfloor.readers.zeek.jsonl import JsonLines
from watchfloor.readers.zeek.kinds import accepts, json_object
from watchfloor.readers.zeek.parsed import Parsed, reject
from watchfloor.readers.zeek.tsv import Tsv
from watchfloor.schemas import LEDGER, REJECTS

__all__ = ["READER"]

BLOCK_BYTES = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


def read(paths: Sequence[Path], options: Options) -> Tables:
    """The tables of some logs.

    Raises:
        UnreadableFile: a file that is no Zeek log.
    """
    kept: dict[str, Keeper] = {"rejects": Keeper(REJECTS.schema)}
    ledger = [_read_one(path, options, kept) for path in paths]
    return {name: keeper.lazy() for name, keeper in kept.items()} | {
        "ledger": LEDGER.fill(pl.LazyFrame(ledger, schema=LEDGER.schema))
    }


def _read_one(path: Path, options: Options, kept: dict[str, Keeper]) -> dict[str, object]:
    """Adds a file's rows and rejects to what is kept; its row of the ledger."""
    cut: list[str] = []
    lines = read = rejected = skipped = 0
    parser: Tsv | JsonLines | None = None
    for block in files.blocks(path, BLOCK_BYTES, progress=options.progress, cut_short=cut.append):
        whole = block if parser else block.removeprefix(_BOM)
        parser = parser or _parser(path, whole)
        for parsed in _parsed(parser, whole, lines + 1, torn=bool(cut)):
            _keep(parsed, path, kept)
            lines += parsed.lines
            read += sum(frame.height for _, frame in parsed.rows)
            rejected += sum(frame.height for frame in parsed.rejects)
            skipped += parsed.skipped
        if isinstance(parser, Tsv) and not block.endswith(b"\n") and not cut:
            cut.append("the last line has no line end: it may be cut")
    return {
        "source": str(path),
        "format": "zeek",
        "file_bytes": path.stat().st_size,
        "lines": lines,
        "lines_read": read,
        "lines_continued": 0,
        "lines_rejected": rejected,
        "lines_skipped": skipped,
        "partial": cut[0] if cut else None,
    }


def _parsed(parser: Tsv | JsonLines, block: bytes, first: int, *, torn: bool) -> Iterator[Parsed]:
    """What a block holds; where the stream broke off, its last line is not whole."""
    end = block.rfind(b"\n") + 1 if torn else len(block)
    lines = 0
    if end:
        yield (whole := parser.parse(block[:end], first))
        lines = whole.lines
    if rest := block[end:]:
        comment = rest.startswith(b"#") and isinstance(parser, Tsv)
        text = rest.decode("utf-8", errors="replace")
        cut = [] if comment else [reject([first + lines], ["the stream breaks off within this line"], [text])]
        yield Parsed(1, rejects=cut, skipped=1 if comment else 0)


def _keep(parsed: Parsed, path: Path, kept: dict[str, Keeper]) -> None:
    source = str(path)
    for log, frame in parsed.rows:
        table = log.table
        keeper = kept.setdefault(table.name, Keeper(table.schema))
        keeper.add(table.fill(frame, source=source, **log.constants).collect())
    for frame in parsed.rejects:
        kept["rejects"].add(REJECTS.fill(frame, source=source, lines=1).collect())


def _parser(path: Path, block: bytes) -> Tsv | JsonLines:
    """The layout of a file, by its first block.

    Raises:
        UnreadableFile: neither has a line the header of TSV, nor is one of the first a JSON object.
    """
    if block.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{path}: text in UTF-16", hint="convert it: iconv -f UTF-16 -t UTF-8")
    if block.startswith(b"#fields") or b"\n#fields" in block:
        return Tsv(path)
    for line in block[: files.HEAD_BYTES].split(b"\n"):
        if found := json_object(line):
            return JsonLines(path, found)
    raise UnreadableFile(
        f"{path}: no Zeek log: neither a #fields header nor JSON lines",
        hint="a TSV log needs the # lines that Zeek writes at its top; `watchfloor formats` lists other formats",
    )


READER = Reader(
    name="zeek",
    about="Zeek logs, TSV or JSON lines: conn, dns, http, ssl and open_; every other log as events",
    tables=("connections", "http_requests", "tls_sessions", "dns_queries", "events"),
    accepts=accepts,
    read=read,
)
