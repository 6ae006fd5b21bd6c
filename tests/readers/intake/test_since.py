"""Growing files: every line is read once, whatever is written, cut, rotated between two runs."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.errors import BadOption, NothingToRead, UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake.since import Since, user_state

NOTHING_NEW = "nothing new"


def line(n: int) -> str:
    """Longer than what tells files from one another is not needed; each line is another."""
    return f"2025-10-01T03:{n // 60 % 60:02}:{n % 60:02}Z web app[7]: number {n}\n"


def lines(first: int, last: int) -> str:
    return "".join(line(n) for n in range(first, last))


def run(folder: Path, **how: Any) -> tuple[list[tuple[int, str]], dict[str, Any]]:
    """One run: its events (record, number), and the ledger by file name."""
    since = Since(folder.parent / "state.json")
    tables = read_files([folder], since=since, **how)
    found = (
        [(row["record"], row["message"].removeprefix("number ")) for row in rows(tables["events"])]
        if ("events" in tables)
        else []
    )
    ledger = {Path(row["source"]).name: row for row in rows(tables["ledger"])}
    for row in ledger.values():
        assert (row["lines"] or 0) == sum(
            row[f"lines_{what}"] or 0 for what in ("read", "continued", "rejected", "skipped")
        )
    since.save()
    return found, ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_only_what_was_added_is_read(folder: Path) -> None:
    """Records count from the beginning of the file; an unfinished line waits."""
    path = folder / "app.log"
    path.write_text(lines(0, 3))
    assert run(folder)[0] == [(1, "0"), (2, "1"), (3, "2")]
    found, ledger = run(folder)
    assert (found, ledger["app.log"]["notes"], ledger["app.log"]["lines"]) == ([], NOTHING_NEW, 0)
    with path.open("a") as stream:
        stream.write(lines(3, 5) + line(5)[:-4])
    found, ledger = run(folder)
    assert found == [(4, "3"), (5, "4")]
    assert "bytes of an unfinished last line wait" in ledger["app.log"]["notes"]
    with path.open("a") as stream:
        stream.write(line(5)[-4:])
    assert run(folder)[0] == [(6, "5")]


def test_several_files_that_grew_are_read_together(folder: Path) -> None:
    """Each record keeps the number that it has in its own file."""
    paths = [folder / f"{name}.log" for name in "abc"]
    for n, path in enumerate(paths):
        path.write_text(lines(0, n + 1))
    assert [record for record, _ in run(folder)[0]] == [1, 1, 2, 1, 2, 3]
    for path in paths[1:]:
        with path.open("a") as stream:
            stream.write(lines(7, 9))
    found, ledger = run(folder)
    assert found == [(3, "7"), (4, "8"), (4, "7"), (5, "8")]
    assert [ledger[path.name]["lines"] for path in paths] == [0, 2, 2]


def test_a_file_that_was_cut_or_replaced_is_read_from_its_start(folder: Path) -> None:
    """And said."""
    path = folder / "app.log"
    path.write_text(lines(0, 10))
    run(folder)
    for text, expected in ((lines(50, 52), ["50", "51"]), (lines(70, 95), [str(n) for n in range(70, 95)])):
        path.write_text(text)
        found, ledger = run(folder)
        assert [number for _, number in found] == expected
        assert found[0][0] == 1
        assert "rotated or shortened" in ledger["app.log"]["notes"]


def test_a_rotated_file_is_known_by_its_content(folder: Path) -> None:
    """What was added before it was moved is read, nothing twice; what took its place is read from its start."""
    path = folder / "app.log"
    path.write_text(lines(0, 200))
    run(folder)
    with path.open("a") as stream:
        stream.write(lines(200, 202))
    path.rename(folder / "app.log.1")
    path.write_text(lines(500, 501))
    found, ledger = run(folder)
    assert found == [(1, "500"), (201, "200"), (202, "201")]
    assert "rotated or shortened" in ledger["app.log"]["notes"]
    assert "read before as" in ledger["app.log.1"]["notes"]
    assert run(folder)[0] == []


@pytest.mark.parametrize("count", [3, 200])
@pytest.mark.parametrize("more", [0, 2, 90])
def test_a_file_that_was_rotated_and_compressed_is_known_by_what_is_in_it(folder: Path, count: int, more: int) -> None:
    """What was added before that is read, and nothing of it twice."""
    path = folder / "app.log"
    path.write_text(lines(0, count))
    run(folder)
    (folder / "app.log.1.gz").write_bytes(gzip.compress(lines(0, count + more).encode()))
    path.write_text(lines(500, 501))
    found, ledger = run(folder)
    assert found == [(1, "500"), *((n + 1, str(n)) for n in range(count, count + more))]
    assert "read before as" in ledger["app.log.1.gz"]["notes"]
    assert run(folder)[0] == []


def test_a_copy_is_a_file_of_its_own(folder: Path) -> None:
    """Two hosts may log the same."""
    (folder / "a.log").write_text(lines(0, 2))
    run(folder)
    (folder / "b.log").write_text(lines(0, 2))
    assert run(folder)[0] == [(1, "0"), (2, "1")]


def test_what_cannot_be_read_in_parts_is_read_whole_if_it_changed(folder: Path) -> None:
    """Compressed files, members of archives, UTF-16."""
    (folder / "a.gz").write_bytes(gzip.compress(lines(0, 2).encode()))
    (folder / "b.log").write_bytes(lines(5, 6).encode("utf-16"))
    assert len(run(folder)[0]) == 3
    found, ledger = run(folder)
    assert (found, {row["notes"] for row in ledger.values()}) == ([], {NOTHING_NEW})
    (folder / "a.gz").write_bytes(gzip.compress(lines(0, 4).encode()))
    found, ledger = run(folder)
    assert len(found) == 4
    assert "read whole" in ledger["a.gz"]["notes"]


def test_a_header_holds_for_what_is_added(folder: Path) -> None:
    """Zeek's lines that begin with `#`, also those that stand further down: the last ones count."""

    header = "".join(
        f"#{key}\n"
        for key in (
            "separator \\x09",
            "set_separator\t,",
            "empty_field\t(empty)",
            "unset_field\t-",
            "path\tconn",
            "fields\tts\tuid\tid.orig_h",
            "types\ttime\tstring\taddr",
        )
    )
    path = folder / "conn.log"
    path.write_text(header + "1700000000.0\tC1\t192.0.2.1\n")
    since = Since(folder.parent / "state.json")
    assert [(row["record"], row["uid"]) for row in rows(read_files([path], since=since)["connections"])] == [(8, "C1")]
    since.save()
    with path.open("a") as stream:
        stream.write("1700000001.0\tC2\t192.0.2.2\n")
    since = Since(folder.parent / "state.json")
    tables = read_files([path], since=since)
    assert [(row["record"], row["uid"], row["src_ip"]) for row in rows(tables["connections"])] == [
        (9, "C2", "192.0.2.2")
    ]
    since.save()


def test_places_of_rejects_count_from_the_beginning_of_the_file(folder: Path) -> None:
    """Their lines do."""
    path = folder / "app.log"
    path.write_text(lines(0, 2))
    run(folder)
    with path.open("ab") as stream:
        stream.write(line(2).replace("web", "w\u00e9b").encode() + line(3).encode()[:-2] + b"\xff\n" + line(4).encode())
    tables = read_files([folder], since=Since(folder.parent / "state.json"))
    assert [(row["record"], row["byte_offset"]) for row in rows(tables["rejects"])] == [(4, 3 * len(line(0)) + 1)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cef", "CEF:0|Acme|Wall|1|7|denied|5|rt=1700000000000 src=192.0.2.{n} msg=m{n}\n"),
        ("leef", "LEEF:1.0|Acme|Wall|1|denied|devTime=1700000000000\tsrc=192.0.2.{n}\tmsg=m{n}\n"),
        ("json", '{{"@timestamp":"2025-10-01T03:00:00Z","message":"m{n}"}}\n'),
        ("pairs", "date=2025-10-01 time=03:00:00 tz=+0000 devname=fw srcip=192.0.2.{n} dstip=192.0.2.9 msg=m{n}\n"),
    ],
)
def test_formats_of_lines_grow(folder: Path, name: str, text: str) -> None:
    """Each line is read once."""
    path = folder / "x.log"
    path.write_text("".join(text.format(n=n) for n in range(3)))
    state = folder.parent / "state.json"
    for first, last in ((1, 3), (4, 5)):
        since = Since(state)
        tables = read_files([folder], options=Options(zone="UTC"), since=since)
        assert [row["record"] for row in rows(tables["events"])] == list(range(first, last + 1))
        assert {row["format"] for row in rows(tables["ledger"])} == {name}
        since.save()
        with path.open("a") as stream:
            stream.write("".join(text.format(n=n) for n in range(last, last + 2)))


def test_nothing_is_kept_of_a_run_that_was_not_saved(folder: Path) -> None:
    """What was read may not have been written: the next run reads it again."""
    (folder / "app.log").write_text(lines(0, 2))
    for _ in range(2):
        tables = read_files([folder], since=Since(folder.parent / "state.json"))
        assert len(rows(tables["events"])) == 2


def test_a_file_that_could_not_be_read_is_new_to_the_next_run(folder: Path) -> None:
    """It has no mark."""
    (folder / "a.log").write_text(lines(0, 2))
    (folder / "b.log").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    run(folder)
    kept = json.loads((folder.parent / "state.json").read_text())["files"]
    assert [Path(name).name for name in kept] == ["a.log"]
    with pytest.raises(UnreadableFile):
        read_files([folder / "a.log"], format="zeek", since=Since(folder.parent / "other.json"))


def test_a_folder_that_nobody_reads_is_an_error_all_the_same(folder: Path) -> None:
    """Nothing new is something else."""
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    with pytest.raises(NothingToRead, match="none of 1 files"):
        run(folder)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"version": 9, "files": {}}', '{"version": 1, "files": {"a": {"x": 1}}}', "[1]"]
)
def test_a_state_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    """Nothing is overwritten."""
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(BadOption, match="no state of --since-last"):
        Since(tmp_path / "state.json")


def test_the_state_has_a_place_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where systems keep such things."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert user_state() == tmp_path / "watchfloor" / "since-last.json"


@given(st.lists(st.tuples(st.sampled_from(["whole", "torn", "rotate"]), st.integers(0, 130)), max_size=6))
@examples(40)
def test_every_line_is_read_once(steps: list[tuple[str, int]]) -> None:
    """Whatever is written between runs, line by line or torn, and however often the file is rotated."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "logs"
        folder.mkdir()
        path = folder / "app.log"
        text = line(0)
        path.write_text(text)
        seen = [number for _, number in run(folder)[0]]
        n, rest, rotated = 1, "", 0
        for what, count in steps:
            if what == "rotate" and not rest:
                rotated += 1
                path.rename(folder / f"app.log.{rotated}")
                path.write_text(line(n))
                n += 1
            with path.open("a") as stream:
                stream.write(rest + lines(n, n + count))
                n, rest = n + count, ""
                if what == "torn":
                    stream.write(line(n)[: 5 + count % 20])
                    rest = line(n)[5 + count % 20 :]
                    n += 1
            seen += [number for _, number in run(folder)[0]]
        assert sorted(map(int, seen)) == list(range(n - bool(rest)))
