"""What is allowed in an answer about the network: lists of it, how rows meet them, and what becomes of such rows."""
