"""Line formats that a pattern describes: a regex with named groups, Grok, or a pattern file."""
