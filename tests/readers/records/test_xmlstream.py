"""XML element by element: damage, cuts, entities, and the account of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import rows
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options
from watchfloor.readers.records.xmlstream import (
    Account,
    Item,
    Node,
    Shape,
    as_json,
    begins_with,
    epoch,
    flat,
    items,
    whole,
)

SHAPE = Shape(
    roots=("r",),
    opens=frozenset({"h"}),
    wholes=frozenset({"p"}),
    resume={"h": ("r",), "p": ("r", "h")},
)
BARE = Shape(roots=("all",), opens=frozenset(), wholes=frozenset({"p"}), resume={"p": ("all",)}, wrapper="all")


def read(tmp_path: Path, content: bytes, shape: Shape = SHAPE) -> tuple[list[Item], Account]:
    """What is met in a document; whole elements count as records."""
    path = tmp_path / "x.xml"
    path.write_bytes(content)
    account = Account(path, "x")
    found = []
    for item in items(path, Options(), shape, account):
        found.append(item)
        if item.kind == "element":
            account.read(item.first, item.last)
    return found, account


def texts(found: list[Item]) -> list[str]:
    """The texts of whole elements."""
    return [item.node.text for item in found if item.kind == "element"]


def ledger(account: Account) -> tuple[int, int, int, int, int]:
    """Lines, read, continued, rejected, skipped."""
    [row] = rows(account.tables()["ledger"])
    return tuple(row[name] for name in ("lines", "lines_read", "lines_continued", "lines_rejected", "lines_skipped"))


def test_elements_open_close_and_are_whole(tmp_path: Path) -> None:
    """A document type without a subset of its own is fine."""
    found, account = read(
        tmp_path, b'<?xml version="1.0"?>\n<!DOCTYPE r>\n<r>\n<h n="1">\n<p a="2">x &amp; <q/>y\n</p>\n</h>\n</r>\n'
    )
    assert [(item.kind, item.node.tag, item.first, item.last) for item in found] == [
        ("open", "h", 4, 4),
        ("element", "p", 5, 6),
        ("close", "h", 4, 7),
    ]
    assert found[1].node == Node("p", {"a": "2"}, [Node("q", {})], ["x & ", "y\n"])
    assert ledger(account) == (8, 1, 1, 0, 6)


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">',
        '<!ENTITY x SYSTEM "file:///etc/hostname">',
        '<!ENTITY % x SYSTEM "http://192.0.2.1/x.dtd"> %x;',
        "<!ELEMENT r ANY>",
    ],
)
def test_entities_and_own_document_types_are_refused(tmp_path: Path, subset: str) -> None:
    """Billion laughs, files and addresses of others: none is looked at."""
    with pytest.raises(UnreadableFile, match=r"x\.xml: the XML declares entities"):
        read(tmp_path, f"<!DOCTYPE r [{subset}]><r><p>&b;&x;</p></r>".encode())


def test_an_entity_of_a_document_type_elsewhere_stays_as_written(tmp_path: Path) -> None:
    """It is not fetched."""
    found, _ = read(tmp_path, b'<!DOCTYPE r SYSTEM "http://192.0.2.1/r.dtd"><r><p>&who;</p></r>')
    assert texts(found) == ["&who;"]


def test_one_bad_byte_rejects_one_record(tmp_path: Path) -> None:
    """Reading goes on with the next one."""
    found, account = read(tmp_path, b"<r>\n<h>\n<p>1</p>\n<p>\xff\n</p>\n<p>3</p>\n</h>\n</r>\n")
    assert texts(found) == ["1", "3"]
    assert ledger(account) == (8, 2, 0, 2, 4)
    [reject] = rows(account.tables()["rejects"])
    assert (reject["record"], reject["lines"], reject["text"]) == (4, 2, "<p>\ufffd\n</p>\n")


def test_damage_to_a_holder_loses_all_that_it_holds(tmp_path: Path) -> None:
    """Its records are not given to the holder before it."""
    found, account = read(tmp_path, b"<r>\n<h>\n<p>1</p>\n</h>\n<h \xff>\n<p>2</p>\n</h>\n<h>\n<p>3</p>\n</h>\n</r>\n")
    assert texts(found) == ["1", "3"]
    assert ledger(account) == (11, 2, 0, 3, 6)


def test_a_cut_document_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    """The rest is one reject, and the file is partial."""
    found, account = read(tmp_path, b"<r>\n<h>\n<p>1</p>\n<p>2\n")
    assert texts(found) == ["1"]
    assert ledger(account) == (4, 1, 0, 1, 2)
    assert rows(account.tables()["ledger"])[0]["partial"].startswith("the XML breaks off in line 4")
    assert rows(account.tables()["rejects"])[0]["text"] == "<p>2\n"


def test_documents_and_records_one_after_the_other(tmp_path: Path) -> None:
    """Whole documents, and records without a root."""
    found, account = read(tmp_path, b"<?xml version='1.0'?>\n<r><p>1</p></r>\n<?xml version='1.0'?>\n<r><p>2</p></r>\n")
    assert texts(found) == ["1", "2"]
    assert ledger(account) == (4, 2, 0, 0, 2)
    found, account = read(tmp_path, b"<?xml version='1.0' encoding='utf-8'?>\n<p>1</p>\n<p>2<\n</p>\n<p>3</p>\n", BARE)
    assert texts(found) == ["1", "3"]
    assert ledger(account) == (5, 2, 0, 2, 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "iso-8859-1", "windows-1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """As marked, as declared, and as zeros show."""
    declared = encoding.removesuffix("-sig").removesuffix("-le")
    found, account = read(
        tmp_path, f'<?xml version="1.0" encoding="{declared}"?>\n<r><p>\u00e4</p></r>\n'.encode(encoding)
    )
    assert texts(found) == ["\u00e4"]
    assert ledger(account) == (2, 1, 0, 0, 1)


def test_utf_8_that_still_says_utf_16(tmp_path: Path) -> None:
    """The declaration of a file that was converted on its way."""
    found, _ = read(tmp_path, '<?xml version="1.0" encoding="UTF-16"?>\n<r><p>\u00e4</p></r>\n'.encode())
    assert texts(found) == ["\u00e4"]


def test_blocks_do_not_tear_records(tmp_path: Path) -> None:
    """A file of some blocks, a record longer than a block, lines counted to the end."""
    long = b"x" * 1_500_000
    content = b"<r>\n" + b"".join(b"<p>%d</p>\n" % n for n in range(60_000)) + b"<p>" + long + b"</p>\n<p>\xff" + long
    found, account = read(tmp_path, content)
    assert texts(found)[:60_000] == [str(n) for n in range(60_000)]
    assert len(texts(found)[60_000]) == len(long)
    assert ledger(account) == (60_003, 60_001, 0, 1, 1)


def test_what_is_no_such_document_is_refused(tmp_path: Path) -> None:
    """No XML, another document, nothing at all."""
    for content, words in ((b"hello", "no XML"), (b"<html></html>", "the document is <html>"), (b"", "empty")):
        with pytest.raises(UnreadableFile, match=words):
            read(tmp_path, content)


def test_how_a_document_begins() -> None:
    """Declarations, comments and document types come first."""
    assert begins_with(b'\n<?xml version="1.0"?>\n<!DOCTYPE r>\n<!-- <x> -->\n<r a="1">', ("r",))
    assert begins_with(b"<!DOCTYPE r [<!ENTITY a ''>]><r>", ("r",))
    assert not begins_with(b"<root>", ("r",))
    assert not begins_with(b"text <r>", ("r",))


def test_facts_by_name() -> None:
    """What repeats is a list; ten thousand levels are no trouble."""
    node = Node("p", {"a": "1"}, [Node("q", {}, [], ["x"]), Node("q", {"b": "2"}, [], ["y"]), Node("s", {}, [], ["z"])])
    assert flat(node, ("s",)) == {"a": "1", "q": ["x", "y"], "q.b": "2"}
    deep = inner = Node("d", {})
    for _ in range(10_000):
        below = Node("d", {})
        inner.add(below)
        inner = below
    inner.say("end")
    assert flat(deep) == {"d": "end"}
    assert (as_json({}), as_json({"a": "\u00e4"})) == (None, '{"a": "\u00e4"}')
    assert epoch("0") is not None
    assert (epoch("x"), epoch(None), epoch("9" * 30)) == (None, None, None)


def test_a_small_document_at_once() -> None:
    """Characters that XML does not allow are kept; document types are refused."""
    assert whole("<a b='1'>x\x1by<c/></a>") == Node("a", {"b": "1"}, [Node("c", {})], ["x\x1by"])
    for text in ("<a>", "", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"):
        with pytest.raises(ValueError, match=r"XML|document type"):
            whole(text)
