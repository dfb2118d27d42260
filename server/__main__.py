"""`hutongd`: run a server and look after its data."""

import sys

from server.commands.program import run


def main() -> None:
    """Run the program and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
