"""`python -m training.collect`."""

import sys

from training.collect.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
