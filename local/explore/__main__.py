"""`python -m explore`."""

import sys

from workbench.paths import prepare

prepare()

from explore.cli import main  # noqa: E402 - Spark's packages are found only after prepare()

sys.exit(main())
