"""The controller's own line into the driver JVM: opens the base session, cancels runs, sees which threads still serve
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from py4j.clientserver import ClientServer, JavaParameters, PythonParameters
from py4j.java_gateway import JavaObject

from cluster.spark.jvm import Gateway


def thread_name(key: str) -> str:
    """The name of every JVM thread that serves the notebook process with this key."""
    return f"notebook-run {key}"


def session_key(key: str) -> str:
    """Under which name the gateway knows the Spark session of the notebook process with this key."""
    return f"session-{key}"


class DriverClient:
    """Calls into one driver JVM. Each calling thread gets a connection of its own."""

    def __init__(self, gateway: Gateway) -> None:
        self._client = ClientServer(
            java_parameters=JavaParameters(port=gateway.port, auth_token=gateway.secret, auto_convert=True),
            python_parameters=PythonParameters(port=0, eager_load=False),
        )
        self._session: Any = None

    def open_session(self) -> None:
        """Creates the Spark context and the session from which every notebook's session is made."""
        sessions = self._client.jvm.org.apache.spark.sql.classic.SparkSession
        self._session = sessions.builder().appName("batchkeeper").enableHiveSupport().getOrCreate()
        self.sql("SHOW SCHEMAS")

    def sql(self, statement: str) -> list[Any]:
        """Runs one statement in the base session and returns its rows."""
        return list(self._session.sql(statement).collectAsList())

    def schemas(self) -> list[str]:
        """The schemas that the metastore knows."""
        return [row.getString(0) for row in self.sql("SHOW SCHEMAS")]

    def table_names(self, schema: str) -> list[str]:
        """The tables and views of one schema."""
        catalog = self._session.sharedState().externalCatalog()
        return list(self._sequence(catalog.listTables(schema)))

    def table_folder(self, schema: str, table: str) -> Path | None:
        """Where the files of a table are; None for a view."""
        storage = self._session.sharedState().externalCatalog().getTable(schema, table).storage().locationUri()
        return Path(unquote(urlparse(storage.get().toString()).path)) if storage.isDefined() else None

    def mount(self, folder: Path) -> None:
        """From now on a path of DBFS below `folder` means that folder of this machine."""
        self._client.jvm.batchkeeper.Dbfs.mount(str(folder))

    def cancel(self, key: str) -> None:
        """Cancels the Spark jobs of a notebook process, those it may still submit, and its streaming queries."""
        context = self._session.sparkContext()
        context.cancelJobGroupAndFutureJobs(key)
        context.cancelJobsWithTag(key)
        session = self._bindings().getObject(session_key(key))
        if session is not None:
            for query in session.streams().active():
                query.stop()

    def forget(self, key: str) -> None:
        """Lets the JVM collect the session of an ended notebook process."""
        self._bindings().deleteObject(session_key(key))

    def has_living_threads(self, key: str) -> bool:
        """Whether a JVM thread still serves the notebook process."""
        # One string `[Thread[#1,name,priority,group], …]` instead of a call for each thread.
        threads: str = self._client.jvm.java.lang.Thread.getAllStackTraces().keySet().toString()
        return f",{thread_name(key)}," in threads

    def close(self) -> None:
        """Ends the connections of this client; the JVM runs on."""
        self._client.close()

    def _bindings(self) -> Any:
        return JavaObject("GATEWAY_SERVER", self._client._gateway_client).getGateway()

    @staticmethod
    def _sequence(sequence: Any) -> Iterator[Any]:
        return (sequence.apply(index) for index in range(sequence.size()))
