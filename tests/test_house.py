"""The rules of the house that no linter holds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for path in (ROOT / "src" / "watchfloor").rglob("*.py")
    if "notebooks" not in path.parts and path.stem != "__main__"
)
WITHOUT_A_TEST_OF_THEIR_OWN = {
    "_reader.py",
    "_mapping.py",
    "kinds.py",
    "options.py",
    "output.py",
    "progress.py",
    "lists.py",
}
"""Promises, values, and what the command shows: their users' tests are theirs."""


def mirrors_of(source: Path) -> list[Path]:
    """Tests of a source file: those of its name in its room's folder, of its package, or that import it."""
    room = source.relative_to(ROOT / "src" / "watchfloor").parts[:-1]
    folder = (ROOT / "tests").joinpath(*room)
    names = [f"test_{source.stem}.py", f"test_{source.stem}_*.py"] + [f"test_{part}*.py" for part in room[1:]]
    named = [path for name in names for base in (folder, folder.parent) for path in base.glob(name)]
    package = ".".join(("watchfloor", *room))
    imports = re.compile(rf"from {package}\.{source.stem} import|from {package} import [^(\n]*\b{source.stem}\b")
    near = (ROOT / "tests").joinpath(*room[:1]).rglob("test_*.py")
    return named or [path for path in near if imports.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("source", [p for p in SOURCES if p.stem != "__init__"], ids=lambda p: p.stem)
def test_every_file_has_a_test(source: Path) -> None:
    """tests/ mirrors the rooms."""
    assert source.name in WITHOUT_A_TEST_OF_THEIR_OWN or mirrors_of(source)


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_module_opens_with_a_sentence_and_lists_what_it_offers(source: Path) -> None:
    """A docstring first; `__all__` names what others may use, each with a docstring."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "no docstring"
    names = {
        target.id: node
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    assert "__all__" in names or source.stem == "__init__", "no __all__"


def test_no_text_names_this_machine_or_a_registry() -> None:
    """What is committed runs elsewhere."""
    pattern = re.compile(r"/(?:root|home)/\w|index.url[\s=\"']+http|\w\.\w+/(?:simple)\b|\bregistry\.\w+\.\w+")
    for path in ROOT.rglob("*"):
        if path.suffix in {".py", ".md", ".toml", ".sh", ".lock", ".yaml"} and not {".venv", ".git"} & set(path.parts):
            if path == Path(__file__):
                continue
            assert not pattern.search(path.read_text(encoding="utf-8")), path


def test_the_tables_in_the_documents_are_those_of_the_code() -> None:
    """docs/tables.md is generated: `scripts/tables.py` writes it."""
    import runpy

    text = runpy.run_path(str(ROOT / "scripts" / "tables.py"))["text"]()
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == text
