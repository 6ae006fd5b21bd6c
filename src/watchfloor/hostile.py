"""Hostile text made harmless: nothing hides, reorders, obeys or computes where a log's words are shown."""

from __future__ import annotations

import json

import polars as pl

__all__ = ["disarm", "harmless", "in_script", "toml_string", "visible"]

_PICTURES = {chr(code): chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n\r"} | {"\x7f": "\u2421"}
_ESCAPES = {chr(code): f"[U+{code:04X}]" for code in (*range(0x80, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)}
# Marks that reorder text on screen: with one of them `photo_gpj.exe` reads `photo_exe.jpg`.
_BIDI = {f"{chr(code)}": f"[U+{code:04X}]" for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F))}
_ISOLATES = {chr(code): f"[U+{code:04X}]" for code in range(0x2066, 0x206A)}
_VISIBLE = _PICTURES | _ESCAPES | _BIDI | _ISOLATES
_ONE_LINE = str.maketrans(_VISIBLE | {"\t": " ", "\n": "\u23ce", "\r": "\u240d"})

# What makes a spreadsheet read a cell as a formula, full-width forms included.
_FORMULA = r"^([=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"


def harmless(text: str) -> str:
    """Text in one line that no terminal obeys: control and reordering characters become visible ones."""
    return text.translate(_ONE_LINE).encode("utf-8", "replace").decode()


def visible(column: pl.Expr) -> pl.Expr:
    """Text whose control and reordering characters can be seen; tabs and line breaks stay."""
    return column.str.replace_many(_VISIBLE)


def disarm(column: pl.Expr) -> pl.Expr:
    """Text that no spreadsheet runs: an apostrophe goes before what would start a formula."""
    return column.str.replace(_FORMULA, "'${1}")


def in_script(text: str) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or opens another."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def toml_string(value: str) -> str:
    """A basic string of TOML: JSON's escapes are TOML's, but for the one character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
