"""Bytes become text: what files are in, where they are found, how they are encoded, how far they were read."""
