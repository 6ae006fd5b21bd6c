"""Allow lists: what a file says, which rows meet it, and what becomes of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.analyses.allowing.entries import CONDITIONS, Entry, load_list, port_of, text_of
from watchfloor.analyses.allowing.matching import asked_of, matches
from watchfloor.analyses.listed import Name
from watchfloor.errors import BadOption
from watchfloor.result import Result

TODAY = date(2026, 1, 15)
PAPER = 'reason = "updates"\nowner = "it"\nexpires = 2026-06-30\n'


def written(folder: Path, *entries: str, head: str = "version = 1\n") -> Path:
    """A list whose entries have their paper work."""
    path = folder / "allow.toml"
    path.write_text(head + "".join(f"[[allow]]\n{entry}\n{PAPER}" for entry in entries), encoding="utf-8")
    return path


def answer(**more: list[Any]) -> Result:
    """Four rows of some score, ranked."""
    table = {
        "rank": [1, 2, 3, 4],
        "score": [0.9, 0.8, 0.7, 0.6],
        "src_ip": ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.1.9"],
        "dst_ip": ["192.0.2.1", "192.0.2.2", "::ffff:198.51.100.3", "2001:db8::4"],
        "name": ["a.example.org", "example.org", None, "bücher.example"],
        "ports": ["443:tcp:ssl", "443:tcp:ssl, 80:tcp:http", "53:udp:dns", "443:udp"],
    }
    return Result(title="Beacons", name="beacons", table=pl.LazyFrame(table | more), explanation="Four rows.")


def met(folder: Path, *entries: str, **more: list[Any]) -> list[int]:
    """Ranks, among all rows, of those that are allowed."""
    table = answer(**more).allow(written(folder, *entries), today=TODAY).collect()
    return table.filter(pl.col("allowed").is_not_null())["rank_of_all"].sort().to_list()


@pytest.mark.parametrize(
    ("entry", "ranks"),
    [
        ('domain = "example.org"', [1, 2]),
        ('domain = "*.example.org"', [1]),
        ('name = "Example.ORG."', [2]),
        ('domain = "Bücher.example"', [4]),
        ('domain = "xn--bcher-kva.example"', [4]),
        ('src = "10.0.0.1"', [1, 3]),
        ('src = "10.0.0.0/23"', [1, 2, 3, 4]),
        ('dst = "198.51.100.0/24"', [3]),
        ('dst = "::ffff:192.0.2.1"', [1]),
        ('address = ["10.0.1.0/24", "192.0.2.2"]', [2, 4]),
        ('port = "443/tcp"', [1]),
        ("port = 443", [1, 4]),
        ('port = ["443/tcp", "tcp/80"]', [1, 2]),
        ('src = "10.0.0.1"\nport = "53/udp"', [3]),
        ('src = "10.0.0.0/8"\ndomain = "example.org"\nport = "443/tcp"', [1]),
        ('src = "10.0.0.2"\ndst = "192.0.2.1"', []),
    ],
)
def test_what_an_entry_allows(tmp_path: Path, entry: str, ranks: list[int]) -> None:
    """All conditions hold, of a list one value; all ports of a row are allowed, or the row is not."""
    assert met(tmp_path, entry) == ranks


def test_a_program_by_its_name_in_any_folder(tmp_path: Path) -> None:
    """Where an answer has a column `process`."""
    process = ["C:\\Tools\\Updater.EXE", "/usr/bin/updater.exe", "updater.exe.bad", None]
    assert met(tmp_path, 'process = "updater.exe"', process=process) == [1, 2]


def test_a_row_with_more_ports_than_are_listed_is_not_allowed_by_port() -> None:
    """Twenty ports are listed at most: the others may be anything."""
    rows = pl.DataFrame({"src_ip": ["10.0.0.1"], "ports": [", ".join(["443:tcp"] * 20)]})
    [port] = [port_of("443")]
    assert port is not None
    assert matches(rows, [Entry("r", "o", TODAY, port=(port,))]).is_empty()


def test_allowed_rows_stand_last_with_reason_and_are_counted(tmp_path: Path) -> None:
    """Nothing is lost; ranks count on; the answer says how many, by how many entries, and why."""
    result = answer().allow(written(tmp_path, 'name = "a.example.org"', 'dst = "198.51.100.3"'), today=TODAY)
    table = result.collect()
    assert table.select("rank", "rank_of_all", "allowed").rows() == [
        (1, 2, None),
        (2, 4, None),
        (3, 1, "updates"),
        (4, 3, "updates"),
    ]
    assert table["allowed_by"][2] == "allow.toml: name a.example.org"
    assert result.explanation.startswith("2 of 4 rows allowed by 2 entries of allow.toml")
    assert "2 updates." in result.explanation
    assert result.explanation.endswith("Four rows.")


def test_what_is_not_applied_is_said(tmp_path: Path) -> None:
    """Expired entries, those that match nothing, that ask for what is not there, that repeat."""
    path = written(tmp_path, 'src = "203.0.113.9"', 'process = "x.exe"', 'src = "10.0.0.2"', 'src = "10.0.0.2"')
    path.write_text(
        path.read_text() + '[[allow]]\nsrc = "10.0.0.1"\nreason = "old"\nowner = "it"\nexpires = 2026-01-15\n'
    )
    result = answer().allow(path, today=TODAY)
    assert result["allow_list"].collect().select("status", "rows").rows() == [
        ("matches nothing", 0),
        ("cannot be judged here", 0),
        ("applied", 1),
        ("repeats another", 0),
        ("expired", 0),
    ]
    assert "1 entry expired, and not applied: src 10.0.0.1 (2026-01-15)" in result.explanation
    assert "1 entry matching nothing here: src 203.0.113.9" in result.explanation


def test_of_several_entries_the_first_counts(tmp_path: Path) -> None:
    """Each entry says how many rows meet it, and how many were counted for it."""
    result = answer().allow(written(tmp_path, 'src = "10.0.0.1"', 'domain = "example.org"'), today=TODAY)
    assert result["allow_list"].collect().select("rows", "rows_counted_here").rows() == [(2, 2), (2, 1)]
    assert result["allow_list"].collect().select("hosts", "highest_score").rows() == [(1, 0.9), (2, 0.9)]


def test_threat_intelligence_among_what_is_allowed_is_said(tmp_path: Path) -> None:
    """Who allows what is known to be bad hears of it."""
    result = answer(threat_intel=[True, False, False, False]).allow(
        written(tmp_path, 'src = "10.0.0.0/8"'), today=TODAY
    )
    assert "Threat intelligence lists 1 of the allowed rows" in result.explanation


def test_a_second_list_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """The rows that the first one allowed are back in their places."""
    first = answer().allow(written(tmp_path, 'src = "10.0.0.0/8"'), today=TODAY)
    (tmp_path / "two").mkdir()
    second = first.allow(written(tmp_path / "two", 'src = "10.0.0.2"'), today=TODAY)
    once = answer().allow(tmp_path / "two" / "allow.toml", today=TODAY)
    assert second.collect().equals(once.collect())
    assert second.explanation == once.explanation
    assert [part.name for part in second.parts] == ["allow_list"]


def test_parts_follow_the_new_ranks(tmp_path: Path) -> None:
    """The examples of a row are still its own."""
    examples = Result(
        title="Examples", name="examples", table=pl.LazyFrame({"rank": [1, 1, 2], "uid": ["a", "b", "c"]})
    )
    result = Result(title="x", table=answer().table, parts=(examples,))
    part = result.allow(written(tmp_path, 'name = "a.example.org"'), today=TODAY)["examples"]
    assert part.collect().rows() == [(1, "c"), (4, "a"), (4, "b")]


def test_an_answer_about_something_else_is_refused(tmp_path: Path) -> None:
    """A list of rules has no addresses."""
    with pytest.raises(BadOption, match="no addresses and no names"):
        Result(title="Rules", table=pl.LazyFrame({"rule": ["x"]})).allow(written(tmp_path, 'src = "10.0.0.2"'))
    assert asked_of(["src_ip", "domain"]) == {"src", "address", "domain", "name"}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[[alow]]\n", "no key 'alow'", "did you mean 'allow'"),
        (f'[[allow]]\ndomian = "x.example"\n{PAPER}', "entry 1 has an unknown key 'domian'", "did you mean 'domain'"),
        (f"[[allow]]\n{PAPER}", "no condition", "domain"),
        ('[[allow]]\nsrc = "10.0.0.1"\n', "no reason and no owner and no expires", "expires = "),
        (f'[[allow]]\nsrc = "10.0.0.300"\n{PAPER}', "no address or network", "10.1.0.0/16"),
        (f'[[allow]]\ndomain = "192.0.2.1"\n{PAPER}', "no domain", "example.org"),
        (f"[[allow]]\nport = 70000\n{PAPER}", "no port", "443/tcp"),
        (f"[[allow]]\nsrc = []\n{PAPER}", "means nothing", "one value or a list"),
        (f"[[allow]]\nport = true\n{PAPER}", "means nothing", "443"),
        ('[[allow]]\nsrc = "10.0.0.1"\nreason = "r"\nowner = "o"\nexpires = "2026-06-30"\n', "no date", "quotes"),
        ("version = 2\n", "version 2", "version = 1"),
        ("allow = 3\n", "no list of tables", "[[allow]]"),
        ("[[allow]\n", "no TOML", "write"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, text: str, message: str, hint: str) -> None:
    """What is wrong where, and the nearest key."""
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(BadOption) as told:
        load_list(tmp_path / "a.toml")
    assert message in str(told.value)
    assert hint in told.value.hint


def test_a_list_without_entries_allows_nothing_and_says_so(tmp_path: Path) -> None:
    """An empty file is no error: somebody may begin with it."""
    result = answer().allow(written(tmp_path), today=TODAY)
    assert result.explanation.startswith("No row is allowed. allow.toml has no entries.")
    assert result.collect()["rank"].to_list() == [1, 2, 3, 4]


def test_an_entry_reads_again_as_it_was_written(tmp_path: Path) -> None:
    """Hostile names in it run nothing and break no line."""
    port = port_of("443/tcp")
    assert port is not None
    entry = Entry(
        'line\nbreak "quoted" \x7f [[allow]]',
        "it",
        date(2027, 1, 1),
        src=("10.0.0.0/8", "10.1.2.3/32"),
        domain=(Name("example.org", "below"),),
        port=(port,),
    )
    path = tmp_path / "a.toml"
    path.write_text(text_of(entry, notes=["hides\n[[allow]]"]), encoding="utf-8")
    assert load_list(path).entries == (entry,)
    path.write_text(text_of(entry, off=True), encoding="utf-8")
    assert load_list(path).entries == ()


def test_many_rows_and_entries_in_little_memory(tmp_path: Path) -> None:
    """Entries that share a network with every row are judged by what they do not share."""
    number = 5_000
    rows = pl.DataFrame(
        {
            "src_ip": [f"10.0.{n // 250}.{n % 250}" for n in range(number)],
            "name": [f"h{n}.example" for n in range(number)],
        }
    )
    entries = [
        Entry("r", "o", TODAY, src=("10.0.0.0/8",), name=(Name(f"h{n}.example", "name"),)) for n in range(number)
    ]
    found = matches(rows, entries).sort("row")
    assert found["row"].to_list() == found["entry"].to_list() == list(range(number))


def test_the_page_about_it_names_each_key_and_its_example_is_a_list(tmp_path: Path) -> None:
    """docs/allowing.md."""
    page = (Path(__file__).parents[2] / "docs" / "allowing.md").read_text(encoding="utf-8")
    assert [key for key in CONDITIONS if f"`{key}`" not in page] == []
    example = page[page.index("    version = 1") : page.index("| key |")]
    (tmp_path / "a.toml").write_text("\n".join(line.removeprefix("    ") for line in example.splitlines()))
    assert [str(entry) for entry in load_list(tmp_path / "a.toml").entries] == [
        "domain *.updates.example.org, port 443/tcp",
        "src 10.1.2.0/24 or 2001:db8:1::/64, dst 192.0.2.10",
    ]
