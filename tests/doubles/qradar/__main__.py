"""Runs the double until its input closes: `python -m doubles.qradar OFFENSES`; prints its address and CA file."""

import json
import sys

from doubles.qradar import TOKEN, Double, Soc

if __name__ == "__main__":
    with Double(Soc(int(sys.argv[1]))) as console:
        sys.stdout.write(json.dumps({"url": console.url, "ca_file": str(console.ca_file), "token": TOKEN}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
