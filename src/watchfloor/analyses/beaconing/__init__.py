"""The score `watchfloor` of the question who calls home at regular times: one file per kind of evidence."""
