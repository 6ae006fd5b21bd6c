"""An API becomes canonical tables: one folder per system, and what they share in files named for their job."""
