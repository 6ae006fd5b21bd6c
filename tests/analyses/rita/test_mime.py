"""MIME types and extensions."""

from __future__ import annotations

import polars as pl
import pytest

from watchfloor.analyses.rita.mime import EXTENSIONS, extension, mismatches


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("/", ""),
        ("/a.html", "html"),
        ("/a.tar.gz", "gz"),
        ("/a.", ""),
        ("/d.ir/file", ""),
        ("/a.txt?x=.html", "txt"),
        ("/a.txt#x.html", "txt"),
        ("http://a.example/b.js", "js"),
        ("a.example/", ""),
        (None, ""),
    ],
)
def test_the_extension_is_of_the_last_part_of_the_path(url: str | None, found: str) -> None:
    """Without query and fragment."""
    assert pl.select(extension(pl.lit(url, pl.String))).item() == found


def test_each_type_that_does_not_fit_counts() -> None:
    """Two of three types of one answer; / alone never; types that are not listed never."""
    names = pl.DataFrame(
        {
            "key": [1, 1, 1, 2, 2],
            "url": ["/a.txt", "/b", "/", "/c.html", "/d.png"],
            "mime_type": ["text/plain,text/html,text/vtt", "text/html", "text/html", "text/html", "image/png"],
        },
        {"key": pl.UInt64, "url": pl.String, "mime_type": pl.String},
    )
    assert mismatches(names).rows() == [(1, 3)]


def test_a_type_has_one_extension() -> None:
    """The traps of the reference: text/plain is txt alone, text/html is html alone."""
    assert (EXTENSIONS["text/plain"], EXTENSIONS["text/html"], EXTENSIONS["text/vtt"]) == ("txt", "html", "")
