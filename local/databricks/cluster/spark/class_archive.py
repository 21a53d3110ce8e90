"""Makes the archive of Spark's classes: `python -m cluster.spark.class_archive`.

A driver JVM that maps the archive need not read, check and link some 20 000 classes again, which is a third of its
start.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from cluster.spark.driver_client import DriverClient
from cluster.spark.jvm import (
    CLASS_ARCHIVE,
    JvmStartError,
    extra_jars,
    jvm_environment,
    start_jvm,
    stop_jvm,
    submit_command,
)

# A little of all that notebooks do: what these load is archived.
_WORK = """CREATE TABLE made (id BIGINT, day DATE, value DOUBLE) USING delta
INSERT INTO made SELECT id, date_add(DATE'2015-01-01', CAST(id % 9 AS INT)), rand(1) FROM range(2000)
CREATE TABLE target (id BIGINT, day DATE, value DOUBLE) USING delta PARTITIONED BY (day)
MERGE INTO target t USING made s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *
MERGE INTO target t USING made s ON t.id = s.id WHEN MATCHED AND t.value > 0.5 THEN UPDATE SET value = 0 \
WHEN NOT MATCHED THEN INSERT *
SELECT day, avg(m) FROM (SELECT day, avg(value) OVER (PARTITION BY day ORDER BY id ROWS 9 PRECEDING) m FROM target) \
GROUP BY day
SELECT from_csv(concat(t.id, ',', t.value), 'id BIGINT, value DOUBLE') FROM target t \
LEFT JOIN made m ON t.id = m.id ORDER BY t.id LIMIT 9
DELETE FROM target WHERE id < 9"""


def make(target: Path) -> None:
    """Records which classes a JVM loads for the work above, and archives them in `target`.

    Raises:
        JvmStartError: a JVM did not do its part.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    with tempfile.TemporaryDirectory(prefix="batchkeeper-classes-") as folder:
        classes = Path(folder) / "classes"
        gateway = start_jvm(
            warehouse=Path(folder) / "warehouse", memory="1g", java_options=[f"-XX:DumpLoadedClassList={classes}"]
        )
        try:
            client = DriverClient(gateway)
            client.open_session()
            for statement in _WORK.splitlines():
                client.sql(statement)
            client.close()
        finally:
            stop_jvm(gateway)
        options = [
            "-Xshare:dump",
            f"-XX:SharedClassListFile={classes}",
            f"-XX:SharedArchiveFile={draft}",
            "-Xlog:cds=off",
        ]
        command = submit_command({}, memory="1g", jars=extra_jars(), java_options=options)
        result = subprocess.run(
            command, env=jvm_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    if result.returncode != 0 or not draft.exists():
        raise JvmStartError(f"Java could not archive Spark's classes: {(result.stdout + result.stderr)[-2000:]}")
    draft.replace(target)


if __name__ == "__main__":
    make(CLASS_ARCHIVE)
