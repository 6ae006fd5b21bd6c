"""Writes docs/tables.md from the canonical tables: python scripts/tables.py."""

from __future__ import annotations

from pathlib import Path

from watchfloor.schemas import TABLES


def text() -> str:
    """The page."""
    parts = [
        "# The canonical tables",
        "Generated from `watchfloor/schemas.py` by `scripts/tables.py`. A missing value is null. Times are instants in "
        "UTC, to the microsecond. One column name means one type and one meaning in every table.",
    ]
    for table in TABLES.values():
        parts += [
            f"## {table.name}",
            f"One row: {table.row}.",
            "| column | type | meaning | OCSF | ECS |\n|---|---|---|---|---|\n"
            + "\n".join(
                f"| `{c.name}` | {_type(str(c.dtype))} | {c.meaning} | {c.ocsf} | {c.ecs} |" for c in table.columns
            ),
        ]
    return "\n\n".join(parts) + "\n"


def _type(dtype: str) -> str:
    return "instant" if dtype.startswith("Datetime") else dtype.lower().replace("|", "\\|")


if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs" / "tables.md").write_text(text(), encoding="utf-8")
