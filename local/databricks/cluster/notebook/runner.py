"""A notebook process: reads its order from standard input, attaches to the driver JVM, executes, reports, ends."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from cluster.folders.paths import StateFolder
from cluster.folders.places import Places
from cluster.folders.volumes import map_files
from cluster.notebook.attach import attach
from cluster.notebook.display import display, display_html
from cluster.notebook.execution import Execution, NotebookExit, describe, format_trace
from cluster.notebook.libraries import RunLibraries
from cluster.notebook.magics import register_magics
from cluster.notebook.task_settings import set_environment, set_spark_conf
from cluster.utilities.dbutils import DbUtils
from cluster.utilities.redaction import RedactedStream, Redaction
from cluster.utilities.widgets import Widgets

RESULT_BYTES = 5 * 1024 * 1024


def read_order() -> tuple[dict[str, Any], BinaryIO]:
    """The order on the first line of standard input, and the rest of that pipe; the notebook gets an empty input
    instead.
    """
    pipe = os.fdopen(os.dup(0), "rb", buffering=0)
    with open(os.devnull, "rb") as empty:
        os.dup2(empty.fileno(), 0)
    line = b""
    while not line.endswith(b"\n"):
        byte = pipe.read(65_536)
        if not byte:
            sys.exit("the controller closed the pipe before it gave an order")
        line += byte
    return json.loads(line), cast(BinaryIO, pipe)


def die_with_controller(pipe: BinaryIO) -> None:
    """Kills this process and its children as soon as the controller's end of the pipe closes."""

    def wait() -> None:
        while pipe.read(1):
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True, name="controller-watch").start()


def prepare_paths(notebook: Path) -> None:
    """Makes the notebook's folder the working directory and its modules importable; the runner's own are hidden."""
    os.chdir(notebook.parent)
    own = str(Path(__file__).parents[2])
    sys.path[:] = [str(notebook.parent), *(entry for entry in sys.path if entry not in ("", own))]
    sys.argv[:] = [str(notebook)]
    for name in [name for name in sys.modules if name == "cluster" or name.startswith("cluster.")]:
        del sys.modules[name]


def execute(order: dict[str, Any], spark: Any, redaction: Redaction, warn: Callable[[str], None]) -> dict[str, Any]:
    """Executes the notebook and returns the report on it; whatever the notebook raises becomes part of the report."""
    path = Path(order["notebookPath"])
    widgets = Widgets(order["parameters"])
    state = Path(order["state"])
    places = Places(StateFolder(state, state, order["unseen"]), map(Path, order["mounts"]))
    workspace_path = re.sub(r"^/Workspace(?=/)|\.py$", "", order["workspacePath"] or places.workspace_path(path))
    dbutils = DbUtils(order["runId"], workspace_path, places, widgets, redaction)
    libraries = RunLibraries(Path(order["environment"]), places, warn)
    provided = {
        "spark": spark,
        "sc": spark.sparkContext,
        "dbutils": dbutils,
        "display": display,
        "displayHTML": display_html,
        "getArgument": widgets.getArgument,
    }
    execution = Execution(provided, packages=libraries.packages)
    # Workers find modules and libraries as the notebook does.
    spark.sparkContext.environment["PYTHONPATH"] = os.pathsep.join([str(path.parent), str(libraries.packages)])
    register_magics(execution, spark, dbutils, widgets, display, places, libraries)
    if order["unseen"]:
        map_files(places, order["unseen"])
    try:
        prepare_paths(path)
        set_environment(order["env"], spark, warn)
        set_spark_conf(order["sparkConf"], spark, warn)
        libraries.install_for_task(order["libraries"])
        execution.run_file(path)
    except NotebookExit as end:
        return success(redaction.clean(end.value))
    except BaseException as error:
        trace = redaction.clean(format_trace(error, execution.files))
        print(trace, file=sys.stderr)
        return {"outcome": "failed", "error": redaction.clean(describe(error)), "errorTrace": trace}
    return success("")


def success(value: str) -> dict[str, Any]:
    """The report on a notebook that ended well; an exit value beyond 5 MB is cut."""
    data = value.encode()
    return {
        "outcome": "success",
        "result": data[:RESULT_BYTES].decode(errors="ignore"),
        "truncated": len(data) > RESULT_BYTES,
    }


def main(report_descriptor: int) -> None:
    """Carries out one order, and reports on the descriptor."""
    time.tzset()
    order, pipe = read_order()
    die_with_controller(pipe)
    os.set_inheritable(report_descriptor, False)
    redaction = Redaction()
    sys.stdout, sys.stderr = (
        cast(Any, RedactedStream(sys.stdout, redaction)),
        cast(Any, RedactedStream(sys.stderr, redaction)),
    )
    with open(report_descriptor, "w", encoding="utf-8") as reports:

        def warn(message: str) -> None:
            print(message, file=sys.stderr)
            print(json.dumps({"warning": redaction.clean(message)}), file=reports, flush=True)

        try:
            spark = attach(order["key"])
        except Exception as error:
            traceback.print_exc()
            report = {"outcome": "failed", "error": describe(error), "errorTrace": format_trace(error, {__file__})}
        else:
            print(json.dumps({"attached": True}), file=reports, flush=True)
            report = execute(order, spark, redaction, warn)
        sys.stdout.flush()
        sys.stderr.flush()
        print(json.dumps(report), file=reports, flush=True)
    # Threads that a notebook left behind do not keep it alive.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
