"""`python -m bench`."""

import sys
from importlib import import_module

from workbench.paths import prepare

prepare()
# Spark's packages are found only now.
sys.exit(import_module("bench.cli").main())
