"""An API becomes canonical tables: one file per system. None yet: exports are read by `readers`."""
