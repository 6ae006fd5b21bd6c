"""Errors speak to the analyst."""

from __future__ import annotations

import traceback

from watchfloor import errors


def test_every_error_is_a_watchfloor_error_and_in_the_tree() -> None:
    """All descend from the root, and the docstring draws each of them."""
    names = [name for name in errors.__all__ if name != "WatchfloorError"]
    assert all(issubclass(getattr(errors, name), errors.WatchfloorError) for name in names)
    assert all(f"── {name} " in (errors.__doc__ or "") for name in names)


def test_the_hint_is_kept_apart_from_the_message() -> None:
    """A program reads the message, a person the hint as well."""
    error = errors.AmbiguousTime("auth.log: clock times without a zone", hint="pass zone='Europe/Paris'")
    assert (str(error), error.hint) == ("auth.log: clock times without a zone", "pass zone='Europe/Paris'")


def test_python_shows_the_hint_where_nobody_catches_the_error() -> None:
    """In a script and in a notebook; without a hint there is no empty line."""
    shown = "".join(traceback.format_exception(errors.WorkspaceError("nothing there", hint="pull first")))
    assert shown.endswith("watchfloor.errors.WorkspaceError: nothing there\nhint: pull first\n")
    assert "".join(traceback.format_exception(errors.WorkspaceError("no"))).endswith("WorkspaceError: no\n")
