"""`python -m training.collect`."""

import sys

from training.collect.command import leave, main

if __name__ == "__main__":
    leave(main(sys.argv[1:]))
