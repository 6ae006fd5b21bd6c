"""Patterns that are proposed: groups as they were made, regexes that match what they claim, names and types."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import watchfloor as wf
from helpers import DATA, needs_data
from made_logs import made_log
from properties import examples
from watchfloor.errors import NothingToRead, UnreadableFile
from watchfloor.readers.patterns.examples import run_examples
from watchfloor.readers.patterns.files import parse
from watchfloor.readers.suggest import Suggestion, lines_of, pattern_file, preview, suggest, suggest_for
from watchfloor.readers.suggest.cells import cells_of
from watchfloor.readers.suggest.heads import lines_of_words
from watchfloor.readers.suggest.marks import TIME, WORD, masked, ways_of_time
from watchfloor.readers.suggest.merge import merge
from watchfloor.readers.suggest.preview import atoms
from watchfloor.readers.suggest.typed import kind_of, name_of


def proposed(lines: Sequence[str]) -> Suggestion:
    return suggest_for(pl.Series("text", lines, pl.String))


def groups_of(suggestion: Suggestion, lines: Sequence[str]) -> list[int | None]:
    """The number of the pattern that is the first to match each line."""
    frame = pl.DataFrame({"text": lines}).with_columns(
        group=pl.coalesce(
            [
                pl.when(pl.col("text").str.contains(pattern.regex)).then(number)
                for number, pattern in enumerate(suggestion.tried)
            ]
        )
    )
    return frame["group"].to_list()


def grouping_accuracy(groups: Sequence[int | None], truth: Sequence[int]) -> float:
    """The share of lines whose group holds exactly the lines of their true template (Zhu et al., ICSE-SEIP 2019)."""
    sizes, true_sizes, both = Counter(groups), Counter(truth), Counter(zip(groups, truth, strict=True))
    right = sum(
        count
        for (group, kind), count in both.items()
        if group is not None and count == sizes[group] == true_sizes[kind]
    )
    return right / len(truth)


def fields_of(suggestion: Suggestion, number: int = 0) -> dict[str, str]:
    return {field.name: field.kind.name for field in suggestion.patterns[number].fields}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("others", [True, False])
def test_lines_of_one_template_are_one_group(seed: int, others: bool) -> None:
    """Nineteen shapes of syslog, and four others among them in half of the logs, as often as Zipf says."""
    lines, truth = made_log(seed, 3_000, others=others)

    suggestion = proposed(lines)

    assert suggestion.matched >= 0.95 * len(lines)
    assert grouping_accuracy(groups_of(suggestion, lines), truth) >= 0.95


def test_a_grouping_that_is_half_right_scores_half() -> None:
    """The measure itself: a group that is cut in two counts as wrong as a whole."""
    assert grouping_accuracy([0, 0, 1, 2], [7, 7, 8, 8]) == 0.5
    assert grouping_accuracy([0, 0, 0, 0], [7, 7, 8, 8]) == 0.0
    assert grouping_accuracy([None, None], [7, 7]) == 0.0


def test_fields_are_named_by_the_words_before_them() -> None:
    """Header, user, address, port; types by the values."""
    names = ["alice", "bob", "carol", "dave", "erin", "frank"]
    lines = [
        f"Nov 24 10:00:0{n} web0{n} sshd[12{n}]: Failed password for invalid user {name} "
        f"from 192.0.2.{n} port 4{n}22 ssh2"
        for n, name in enumerate(names)
    ]

    suggestion = proposed(lines)

    assert fields_of(suggestion) == {
        "time": "time",
        "host": "word",
        "program": "word",
        "pid": "int",
        "user": "word",
        "src_ip": "ip",
        "src_port": "int",
    }
    [pattern] = suggestion.patterns
    assert pattern.regex.endswith(r"port (?<src_port>[+-]?[0-9]{1,18}) ssh2$")
    assert (pattern.lines, suggestion.matched, suggestion.clocks) == (6, 6, True)
    assert len(set(pattern.examples)) == 2


def test_keys_name_their_values() -> None:
    """`key=value`: the values may be words, empty or numbers."""
    lines = [
        f"2025-11-24T10:00:00Z action={'deny' if n % 2 else 'accept'} src=198.51.100.{n} len={n * 7} "
        f"user={'' if n % 3 else 'x'}"
        for n in range(9)
    ]

    suggestion = proposed(lines)

    assert fields_of(suggestion) == {"time": "time", "action": "word", "src_ip": "ip", "len": "int", "user": "word"}
    assert suggestion.matched == 9
    assert not suggestion.clocks


def test_a_choice_of_the_program_is_two_patterns_and_a_value_is_one() -> None:
    """`opened` and `closed` are different events, five users are one."""
    users = ["alice", "bob", "carol", "dave", "erin"]
    lines = [f"session {what} for user {user}" for what in ("opened", "closed") for user in users for _ in range(4)]

    suggestion = proposed(lines)

    assert sorted(pattern.regex for pattern in suggestion.patterns) == [
        r"^session closed for user (?<user>\S+)$",
        r"^session opened for user (?<user>\S+)$",
    ]


def test_a_value_of_several_words_is_one_field() -> None:
    """Commands have as many words as they like."""
    commands = ["ls", "ls -l", "apt install nmap", "cat a b c d", "id", "vi x y"]
    lines = [f"sudo: USER=root ; COMMAND=/usr/bin/{command}" for command in commands]

    suggestion = proposed(lines)

    assert [pattern.regex for pattern in suggestion.patterns] == [r"^sudo: USER=(?<user>\S+) ; COMMAND=(?<command>.*)$"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-5"], "int"),
        (["1.5", "2"], "float"),
        (["192.0.2.1", "2001:db8::1"], "ip"),
        (["300.1.2.3"], "word"),
        (["10:11:12"], "clock"),
        (["0x1f", "0xab"], "hex"),
        (["deadbeef01"], "hex"),
        (["02:00:5e:10:00:00"], "mac"),
        (["/etc/a", "/var/b"], "path"),
        (["9" * 30], "hex"),
        (["a1", "b"], "word"),
        (["0041", "17"], "word"),
        (["0", "-0.5"], "float"),
    ],
)
def test_the_kind_is_that_of_all_values(values: list[str], kind: str) -> None:
    """One value that is another kind widens it."""
    assert kind_of(values, wide=r"\S+").name == kind
    assert kind_of([*values, "?"], wide=r"\S+").name == "word"


def test_names() -> None:
    """A key, a word, else the kind."""
    number = kind_of(["1"], wide="")
    assert name_of("took cost=", number, ["1"]) == "cost"
    assert name_of(" on port ", number, ["1"]) == "port"
    assert name_of(" is the ", number, ["1"]) == "number"
    assert name_of(" from ", kind_of(["192.0.2.1"], wide=""), ["192.0.2.1"]) == "src_ip"
    assert name_of('"', kind_of(["GET / HTTP/1.1"], wide=""), ["GET / HTTP/1.1"]) == "request"


def test_a_url_an_answer_and_its_size_are_named_by_their_place() -> None:
    """As web servers write their lines, whatever the server."""
    lines = [
        f'198.51.100.{n} - - [24/Nov/2025:10:00:{n:02d} +0100] "GET /{n} HTTP/1.1" {200 + n} {n * 77} '
        f'"https://www.example/{n}" "Mozilla/5.0 ({n})"'
        for n in range(9)
    ]

    assert fields_of(proposed(lines)) == {
        "src_ip": "ip",
        "time": "time",
        "request": "quoted",
        "status_code": "int",
        "resp_bytes": "int",
        "referrer": "quoted",
        "user_agent": "quoted",
    }


def test_a_unit_names_a_number_and_may_change() -> None:
    """`45 bytes`, and sizes in KB or MB."""
    lines = [f'sent {n * 9} bytes to "192.0.2.{n}" at {n}.5 {"KB" if n % 3 else "MB"} free' for n in range(9)]

    [pattern] = proposed(lines).patterns

    assert pattern.shape == 'sent <sent> bytes to "<dst_ip>" at <number> <unit> free'
    assert pl.Series(['sent 7 bytes to "192.0.2.7" at 1.5 GB free']).str.contains(pattern.regex).item()


def test_the_only_user_of_a_log_is_a_field() -> None:
    """Tomorrow another one logs in; `unknown` is no user."""
    lines = [f"Nov 24 10:00:{n:02d} web01 sshd[{n}]: session closed for user root" for n in range(9)]
    lines += [f"Nov 24 11:00:{n:02d} web01 sshd[{n}]: check pass; user unknown" for n in range(9)]

    assert sorted(pattern.shape for pattern in proposed(lines).patterns) == [
        "<time> <host> sshd[<pid>]: check pass; user unknown",
        "<time> <host> sshd[<pid>]: session closed for user <user>",
    ]


def test_the_head_does_not_make_messages_alike() -> None:
    """Level, thread and logger are columns in all patterns; a thread of several words is one of one word."""
    threads = ["main", "RM Allocator", "event handler 7"]
    lines = [
        f"2025-11-24 10:00:{n:02d},123 {'INFO' if n % 3 else 'WARN'} [{threads[n % 3]}] org.example.v2.App: {message}"
        for n in range(30)
        for message in (f"Job {n} done", "Queue is empty", f"Lease {n}ab renewed for {n} seconds")
    ]

    suggestion = proposed(lines)

    assert sorted(pattern.shape for pattern in suggestion.patterns) == [
        "<time> <level> [<context>] <logger>: Job <job> done",
        "<time> <level> [<context>] <logger>: Lease <lease> renewed for <seconds> seconds",
        "<time> <level> [<context>] <logger>: Queue is empty",
    ]
    assert [pattern.shape for pattern in suggestion.heads] == [
        "<time> <level> [<context>] <logger>: <message>",
        "<time> <message>",
    ]


def test_a_line_of_a_new_message_is_read_by_its_head() -> None:
    """The patterns of heads come last, and match what no other one knows."""
    lines = [f"Nov 24 10:00:{n:02d} web01 app[{n}]: job {n} done" for n in range(20)]

    suggestion = proposed(lines)

    assert (suggestion.matched, suggestion.understood) == (20, 20)
    new = pl.Series(["Nov 24 10:01:00 web02 cron[7]: nobody has seen this"])
    first = next(pattern for pattern in suggestion.tried if new.str.contains(pattern.regex).item())
    values = new.str.extract_groups(first.regex).struct.unnest().row(0, named=True)
    assert values == {
        "time": "Nov 24 10:01:00",
        "host": "web02",
        "program": "cron",
        "pid": "7",
        "message": "nobody has seen this",
    }


def test_heads_of_lines() -> None:
    """Where the message begins: after level, brackets and logger, or after a syslog program; nowhere without them."""
    said = lines_of_words(
        [
            f"{TIME} INFO [a b] x.y.Z: hello {WORD}",
            f"{TIME} WARN [main] x.y.Q: hello all",
            f"- {WORD} {TIME} {WORD} sshd[{WORD}]: hello",
            f"hello {WORD}",
            f"{TIME}, Info  CBS  hello",
        ]
    )

    assert [line.words[line.head :] for line in said] == [
        ["hello", WORD],
        ["hello", "all"],
        ["hello"],
        ["hello", WORD],
        ["CBS", "hello"],
    ]
    assert [line.logger for line in said] == [3, 3, None, None, None]
    assert said[4].wide == {2, 3}


def test_rows_of_a_table_are_one_pattern() -> None:
    """A column is called as its header says, and as its values show."""
    header = "Serial #,Receive Time,Source address,Rule,Bytes,Elapsed Time (sec)"
    rows = [
        f"00{n}7,2025/11/24 10:00:{n:02d},192.0.2.{n},rule {'a' * (n % 3)},{n * 9},{n % 2 or ''}" for n in range(40)
    ]

    [pattern] = proposed([header, *rows]).patterns[:1]

    assert pattern.lines == 40
    assert {field.name: field.kind.name for field in pattern.fields} == {
        "serial": "word",
        "time": "time",
        "src_ip": "ip",
        "rule": "word",
        "bytes": "int",
        "elapsed_time_sec": "int",
    }
    [bare] = proposed(rows).patterns
    assert [field.name for field in bare.fields] == ["column_1", "time", "ip", "column_4", "column_5", "column_6"]


def test_messages_and_pairs_with_commas_are_no_table() -> None:
    """Templates and keys tell more of them than numbers of columns."""
    prose = pl.Series([f"a, b, c, d, then user {n} went away again" for n in range(20)])
    pairs = pl.Series([f"src=192.0.2.{n},dst=192.0.2.1,len={n},ttl=3,proto=udp" for n in range(20)])

    assert cells_of(prose) is None
    assert cells_of(pairs) is None
    assert cells_of(pl.Series(["a|b|c|d|e", 'a|b|c|d|"e|f"'])) is not None
    assert cells_of(pl.Series(["a,b"] * 9)) is None


def test_a_record_begins_with_a_time_where_other_lines_go_on(tmp_path: Path) -> None:
    """A stack trace belongs to the line before it; the file says so with `begins`."""
    lines = []
    for n in range(30):
        lines.append(f"2025-11-24 10:00:{n:02d},123 ERROR job {n} failed: cannot connect")
        if n % 5 == 0:
            lines += ["\tat com.example.Job.run(Job.java:17)", "\tat com.example.Main.main(Main.java:3)"]

    suggestion = proposed(lines)

    assert suggestion.begins is not None
    assert (suggestion.records, suggestion.matched) == (30, 30)
    assert [list(fields_of(suggestion, n)) for n in range(len(suggestion.patterns))] == [
        ["time", "level", "job", "more"]
    ]
    log, out = tmp_path / "x.log", tmp_path / "x.toml"
    log.write_text("\n".join(lines), encoding="utf-8")
    out.write_text(pattern_file(suggestion, name="x", about="", zone="UTC"), encoding="utf-8")
    ledger = wf.read(log, pattern=out)["ledger"].collect().row(0, named=True)
    assert (ledger["lines_read"], ledger["lines_continued"], ledger["lines_rejected"]) == (30, 12, 0)


def test_a_line_longer_than_what_is_looked_at() -> None:
    """Its beginning is understood, the rest is one field."""
    lines = [f"job {n} said: " + "word " * 30 * n + "x" * 3_000 + " end" for n in range(9)]

    suggestion = proposed(lines)

    assert suggestion.matched == 9


def test_lines_without_a_time_that_do_not_go_on_are_lines_of_their_own() -> None:
    """Not every line without a time continues another one."""
    suggestion = proposed(["2025-11-24 10:00:00 up", "-- mark --"] * 10 + ["2025-11-24 10:00:01 down"] * 20)

    assert (suggestion.begins, suggestion.records, suggestion.matched) == (None, 40, 40)


def test_the_file_is_read_by_the_reader_of_patterns(tmp_path: Path) -> None:
    """All lines become events, all examples pass, nothing is rejected."""
    lines, _ = made_log(5, 2_000, others=False)
    log, out = tmp_path / "made.log", tmp_path / "made.toml"
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    suggestion = suggest(log)
    text = pattern_file(suggestion, name="made", about='it\'s "made"', zone="UTC")
    out.write_text(text, encoding="utf-8")

    assert suggestion.matched == 2_000
    assert all(outcome.passed for outcome in run_examples(parse(tomllib.loads(text), "made")))
    tables = wf.read(log, pattern=out)
    ledger = tables["ledger"].collect().row(0, named=True)
    assert (ledger["lines_read"], ledger["lines_rejected"]) == (2_000, 0)
    events = tables["events"].collect()
    assert events["time"].null_count() == 0
    assert events["host"].null_count() == 0


def test_one_name_means_one_type() -> None:
    """`id` is a number in one pattern and a word in another: two names; a `pid` that is a word is not the column."""
    lines = [f"took id {n} now" for n in range(9)] + [f"lost pid x{n}y and id z{n}z of all" for n in range(4)]
    text = pattern_file(proposed(lines), name="x", about="")

    given = tomllib.loads(text)

    assert given["types"] == {"id": "int"}
    assert {"(?<id>", "(?<id_text>", "(?<pid_text>"} <= {
        part + ">" for regex in given["patterns"] for part in regex.split(">") for part in [part[part.rfind("(?<") :]]
    }
    assert all(outcome.passed for outcome in run_examples(parse(given, "x")))


def test_known_patterns_leave_their_lines_out() -> None:
    """Only what is not yet read is looked at."""
    suggestion = suggest_for(pl.Series("text", ["known 1", "other 2", "other 3"]), known=["^known [0-9]+$"])

    assert [(pattern.lines, pattern.examples) for pattern in suggestion.patterns] == [(2, ("other 2", "other 3"))]
    with pytest.raises(NothingToRead):
        suggest_for(pl.Series("text", ["known 1"]), known=["^known"])


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """An empty file and a binary one are refused with a reason."""
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "binary").write_bytes(b"\x7fELF\0\0\0\x01" * 50)

    with pytest.raises(NothingToRead, match="empty"):
        suggest(tmp_path / "empty")
    with pytest.raises(UnreadableFile, match="a program"):
        suggest(tmp_path / "binary")


def test_bytes_that_are_no_utf8_spoil_their_line_only(tmp_path: Path) -> None:
    """They are left out, and it is said."""
    log = tmp_path / "a.log"
    log.write_bytes("état un 1\n".encode() + b"bad \xff\xfe 2\n" + b"good 3\r\n")

    text, lines, notes = lines_of(log, lambda _: None)

    assert (text.to_list(), lines) == (["état un 1", "good 3"], 3)
    assert notes == ["1 lines with bytes that are no UTF-8 were left out"]


def test_of_a_large_file_runs_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not looked at is said; the runs are spread over the file."""
    from watchfloor.readers.intake import texts
    from watchfloor.readers.suggest import suggesting

    monkeypatch.setattr(suggesting, "LOOKED_AT", 100)
    monkeypatch.setattr(texts, "BLOCK_BYTES", 200)
    log = tmp_path / "a.log"
    log.write_text("".join(f"line number {n:05d} of many\n" for n in range(1_000)), encoding="utf-8")

    text, lines, notes = lines_of(log, lambda _: None)

    assert lines == 1_000
    assert 20 < text.len() <= 100
    assert int(text[-1].split()[2]) > 800
    assert notes == [f"{text.len()} of 1,000 lines were looked at, in runs spread over the file"]


def test_many_different_lines_are_merged_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that a pattern of the first round matches are not merged again."""
    from watchfloor.readers.suggest import suggesting

    monkeypatch.setattr(suggesting, "_DISTINCT", 50)
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = [f"login of user {a}{b} was refused" for a in letters for b in letters]

    suggestion = proposed(lines)

    assert [pattern.regex for pattern in suggestion.patterns] == [r"^login of user (?<user>\S+) was refused$"]
    assert (suggestion.matched, suggestion.notes) == (676, ())


def test_lines_of_no_shape_are_time_and_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where words tell nothing, what begins with a time is read as far as that."""
    from watchfloor.readers.suggest import suggesting

    monkeypatch.setattr(suggesting, "_DISTINCT", 5)
    monkeypatch.setattr(suggesting, "_ROUNDS", 1)
    words = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(600)]
    lines = [f"2025-11-24T10:00:00Z {words[n]} {words[-n]} {words[n * 7 % 600]}" for n in range(1, 600)]

    suggestion = proposed(lines)

    assert suggestion.matched == len(lines)
    assert [field.name for field in suggestion.heads[-1].fields] == ["time", "message"]


def test_marks_of_times_addresses_quotes_and_paths() -> None:
    """What varies is masked, what does not stays."""
    lines = pl.Series("text", ['Nov 24 10:00:00 a: open "x y" at /srv/data from 192.0.2.1 (uid=7)'])
    times = ways_of_time(lines)

    frame = pl.DataFrame({"text": lines})
    [mask] = frame.select(masked(pl.col("text"), lines, times, longest=99, joined=False)).to_series()

    assert mask == '\ue000 a: open "\ue001" at \ue002 from \ue002 (uid=\ue002)'
    assert len(merge([mask], [1])[0]) == 1


def test_pieces_of_a_regex() -> None:
    """Groups, classes, escapes and quantifiers stay together; a choice as a whole is one piece."""
    assert atoms(r"^a(?<b>[^\])]+) \d{2,3}?[[:alpha:](]*\x{1F}$") == [
        "^",
        "a",
        r"(?<b>[^\])]+)",
        " ",
        r"\d{2,3}?",
        "[[:alpha:](]*",
        r"\x{1F}",
        "$",
    ]
    assert atoms("a|b") == ["a|b"]
    assert atoms("") == []


def test_a_preview_says_where_a_match_stopped() -> None:
    """The pattern that goes farthest, what it matched, and what it wanted."""
    lines = pl.Series("text", ["user bob uid 7", "user bob uid seven", "nothing", "user bob uid 8", ""])

    seen = preview(lines, [r"^usb (?<n>[0-9]+)$", r"^user (?<user>\S+) uid (?<uid>[0-9]+)$"], most=5)

    assert (seen.lines, seen.matched) == (4, 2)
    assert [(fit.pattern, dict(fit.fields)) for fit in seen.fits] == [
        (2, {"user": "bob", "uid": "7"}),
        (2, {"user": "bob", "uid": "8"}),
    ]
    assert [(stop.text, stop.pattern, stop.matched, stop.wanted) for stop in seen.stops] == [
        ("user bob uid seven", 2, "user bob uid ", "(?<uid>[0-9]+)"),
        ("nothing", None, "", ""),
    ]


_WORDS = st.sampled_from(
    [
        "user",
        "from",
        "=",
        "a=1",
        "b=",
        "x=y",
        '"',
        "'",
        "(",
        ")",
        "[",
        "]",
        "\\",
        "^$",
        "%{IP}",
        "{2}",
        "-",
        "7",
        "0x1f",
        "1.2.3.4",
        "/a/b",
        "C:\\x",
        "ERROR",
        "'''",
        "Nov 24 10:00:00",
        "2025-11-24T10:00:00Z",
        "host prog[1]:",
        '"q r"',
        "\t",
        "  ",
        "\r",
        "\x00",
        "\x1b[31m",
        "a" * 50,
        "\ue000",
        "\ue002",
        "é",
        "\u2028",
        "\u0085",
        "\xa0",
        "漢字",
    ]
)
_LINES = st.lists(st.lists(st.one_of(_WORDS, st.text(max_size=5)), max_size=8).map(" ".join), min_size=1, max_size=25)


@given(_LINES)
@examples(40)
def test_hostile_lines_get_patterns_that_hold(lines: list[str]) -> None:
    """Whatever is in a line: no error, as many lines match as is said, the file can be loaded, its examples pass."""
    lines = [line.replace("\n", " ") for line in lines]
    if not any(line.strip() for line in lines):
        return
    try:
        suggestion = proposed(lines)
    except NothingToRead:  # Unicode blanks alone
        return

    if suggestion.begins is None:
        seen = [line for line in lines if pl.Series([line]).str.contains(r"\S").item()]
        hit = sum(group is not None for group in groups_of(suggestion, seen)) if suggestion.tried else 0
        assert (suggestion.matched, suggestion.records) == (hit, len(seen))
    assert sum(pattern.lines for pattern in suggestion.tried) <= suggestion.records
    if suggestion.tried:
        pattern = parse(tomllib.loads(pattern_file(suggestion, name="x", about="\x1b'")), "x")
        assert [outcome for outcome in run_examples(pattern) if not outcome.passed] == []
    preview(pl.Series("text", lines), [pattern.regex for pattern in suggestion.tried])


_FILES = sorted((DATA / "time" / "files").glob("*.log")) if DATA.is_dir() else []


@needs_data
@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_real_logs_are_covered(path: Path, tmp_path: Path) -> None:
    """The proposals match 95 % of the lines, and the file that they make reads as many."""
    suggestion = suggest(path)
    out = tmp_path / "x.toml"
    out.write_text(pattern_file(suggestion, name="x", about="", zone="UTC"), encoding="utf-8")

    assert suggestion.matched >= 0.95 * suggestion.records
    ledger = wf.read(path, pattern=out)["ledger"].collect().row(0, named=True)
    assert ledger["lines_rejected"] <= 0.05 * ledger["lines"]


# Words that tell the messages of one of these logs.
_APACHE_ERROR = ["Found child", "workerEnv.init() ok", "child workerEnv in error state", "Directory index forbidden"]


@needs_data
def test_groups_of_a_real_log() -> None:
    """Four messages of a web server are four groups."""
    path = DATA / "time" / "files" / "apache_error_first200.log"
    lines = path.read_text(encoding="utf-8").splitlines()
    kinds = [next(n for n, words in enumerate(_APACHE_ERROR) if words in line) for line in lines]

    assert grouping_accuracy(groups_of(proposed(lines), lines), kinds) == 1.0
