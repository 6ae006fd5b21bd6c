"""What texts in records mean, whatever the format: times, prefixes, ends of connections, names of fields, prose."""
