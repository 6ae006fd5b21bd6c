"""Canonical tables become an answer: one pure function per question, one file each."""
