"""Text becomes records: how lines, pairs, CSV, JSON and XML are cut, accounted for and kept in order."""
