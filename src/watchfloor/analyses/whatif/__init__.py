"""What an answer would be with other weights and thresholds: from its stored columns, without the logs."""
