"""`python -m evaluate`."""

import sys
from importlib import import_module

from workbench.paths import prepare

prepare()
# Spark's packages are found only now.
sys.exit(import_module("evaluate.cli").main())
