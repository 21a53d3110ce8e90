"""`python -m simulator`, and `python -m simulator --scenario drive_failures`."""

import sys

from simulator.drives.cli import main as drives
from simulator.machines.cli import main

_OF_DRIVES = ["--scenario", "drive_failures"]

if sys.argv[1:3] == _OF_DRIVES:
    sys.exit(drives(sys.argv[3:]))
sys.exit(main())
