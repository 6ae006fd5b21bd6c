"""Reads Zeek logs block by block: what a file of any size needs in memory is a few blocks and what the keepers hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import polars as pl

from watchfloor.engine import Keeper
from watchfloor.errors import UnreadableFile
from watchfloor.readers._reader import REJECTED_CHARACTERS, Options, Reader, Tables
from watchfloor.readers.intake import files
from watchfloor.readers.zeek.jsonl import JsonLines
from watchfloor.readers.zeek.kinds import accepts, is_ours
from watchfloor.readers.zeek.objects import json_object
from watchfloor.readers.zeek.parsed import Parsed, Parser
from watchfloor.readers.zeek.tsv import Tsv
from watchfloor.schemas import LEDGER, REJECTS, TABLES

__all__ = ["READER"]

BLOCK_BYTES = 16 * 1024 * 1024
SMALL_BYTES = 256 * 1024
_REJECT = {"record": pl.Int64, "reason": pl.String, "text": pl.String}
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
    parser: Parser | None = None
    for block in files.blocks(path, BLOCK_BYTES, progress=options.progress, cut_short=cut.append):
        text = block if parser else block.removeprefix(_BOM)
        parser = parser or _parser(path, text)
        for parsed in _parsed(parser, text, lines + 1, torn=bool(cut)):
            _keep(parsed, path, kept)
            lines += parsed.lines
            read += sum(frame.height for _, frame in parsed.rows)
            rejected += len(parsed.rejects)
            skipped += parsed.skipped
        if parser.unfinished and not cut and not block.endswith(b"\n"):
            cut.append(parser.unfinished)
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


def _parsed(parser: Parser, block: bytes, first: int, *, torn: bool) -> Iterator[Parsed]:
    """What a block holds; where the stream broke off, its last line is not whole."""
    end = block.rfind(b"\n") + 1 if torn else len(block)
    for parsed in _whole(parser, block[:end], first):
        yield parsed
        first += parsed.lines
    if rest := block[end:]:
        text = rest.decode("utf-8", errors="replace")
        if isinstance(parser, Tsv) and text.startswith("#"):
            yield Parsed(1, skipped=1)
        else:
            yield Parsed(1, rejects=[(first, "the stream breaks off within this line", text)])


def _whole(parser: Parser, block: bytes, first: int) -> Iterator[Parsed]:
    """What a block of whole lines holds: all at once, else in pieces, so that only those near a bad line are slow."""
    if not block:
        return
    if parsed := parser.at_once(block, first):
        yield parsed
        return
    pieces = [block] if len(block) <= SMALL_BYTES else list(_pieces(block))
    if len(pieces) == 1:
        yield parser.line_by_line(block, first)
        return
    for piece in pieces:
        for parsed in _whole(parser, piece, first):
            yield parsed
            first += parsed.lines


def _pieces(block: bytes) -> Iterator[bytes]:
    """The block in up to eight pieces that end at line ends."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", min(start + len(block) // 8, len(block) - 1)) + 1 or len(block)
        yield block[start:end]
        start = end


def _keep(parsed: Parsed, path: Path, kept: dict[str, Keeper]) -> None:
    """Adds rows and rejects to what is kept, each table in the order of lines."""
    source = str(path)
    filled: dict[str, list[pl.LazyFrame]] = {}
    for log, frame in parsed.rows:
        filled.setdefault(log.table.name, []).append(log.table.fill(frame, source=source, **log.constants))
    if parsed.rejects:
        rejects = pl.DataFrame(parsed.rejects, schema=_REJECT, orient="row").with_columns(
            pl.col("text").str.head(REJECTED_CHARACTERS)
        )
        filled["rejects"] = [REJECTS.fill(rejects.sort("record"), source=source, lines=1)]
    for name, frames in filled.items():
        rows = frames[0] if len(frames) == 1 else pl.concat(frames).sort("record")
        kept.setdefault(name, Keeper(TABLES[name].schema)).add(rows.collect())


def _parser(path: Path, block: bytes) -> Parser:
    """The layout of a file, by its first block.

    Raises:
        UnreadableFile: it has neither the header of TSV nor JSON lines with times or other fields of Zeek.
    """
    if block.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{path}: text in UTF-16", hint="convert it: iconv -f UTF-16 -t UTF-8")
    if block.startswith((b"#separator ", b"#fields")) or b"\n#fields" in block:
        return Tsv(path)
    for line in block[: files.HEAD_BYTES].decode("utf-8", errors="replace").split("\n"):
        with suppress(ValueError):
            if "ts" in (found := json_object(line)) or is_ours(line):
                return JsonLines(path, found)
    raise UnreadableFile(
        f"{path}: no Zeek log: neither a #fields header nor JSON lines with Zeek's fields",
        hint="a TSV log needs the # lines that Zeek writes at its top; `watchfloor formats` lists other formats",
    )


READER = Reader(
    name="zeek",
    about="Zeek logs, TSV or JSON lines: conn, dns, http, ssl and open_; every other log as events",
    tables=("connections", "http_requests", "tls_sessions", "dns_queries", "events"),
    accepts=accepts,
    read=read,
    sign=lambda head: "the keys of Zeek's JSON" if head.content.lstrip()[:1] in b"{[" else "a #fields header",
    grows=lambda _: True,
)
