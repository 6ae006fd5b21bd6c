"""`python -m watchfloor`: the command, where its script is not on the path."""

from watchfloor.cli import main

if __name__ == "__main__":
    main()
