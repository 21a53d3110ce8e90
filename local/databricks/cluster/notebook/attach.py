"""Attaches a notebook process to the driver JVM of the cluster, and keeps the notebook from harming its neighbours."""

from __future__ import annotations

import signal
import sys
from typing import Any

from py4j.clientserver import ClientServerConnection, JavaClient
from py4j.java_gateway import JavaObject, JVMView
from py4j.protocol import DEFAULT_JVM_ID, DEFAULT_JVM_NAME
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import Catalog, SparkSession, SQLContext

from cluster.spark.driver_client import session_key, thread_name


class _Threads:
    """Makes every JVM thread that serves this process known as the run's, and its Spark jobs cancellable as the run's.

    Py4J gives each Python thread that calls the JVM a JVM thread of its own. A MERGE commits on such a thread, so a
    cancelled run has ended only when none of them lives: the controller finds them by name.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._context: SparkContext | None = None
        self._java_session: Any = None
        create = JavaClient._create_new_connection

        def create_and_mark(client: JavaClient) -> ClientServerConnection:
            connection = create(client)
            self._mark(client)
            # The calls above queued the connection for reuse; the caller is about to use it and queues it again.
            client.deque.remove(connection)
            return connection

        JavaClient._create_new_connection = create_and_mark

    def adopt(self, context: SparkContext, java_session: Any) -> None:
        """From now on every new thread joins the run's job group and session; this one does at once."""
        self._context, self._java_session = context, java_session
        self._join(context)

    def _mark(self, client: JavaClient) -> None:
        JVMView(client, jvm_name=DEFAULT_JVM_NAME, id=DEFAULT_JVM_ID).java.lang.Thread.currentThread().setName(
            thread_name(self._key)
        )
        if self._context is not None:
            self._join(self._context)

    def _join(self, context: SparkContext) -> None:
        scala_context = context._jsc.sc()
        scala_context.setJobGroup(self._key, f"notebook run {self._key}", True)
        scala_context.addJobTag(self._key)
        # Pools share the cores fairly between runs; without one, jobs of the first run starve those of the second.
        scala_context.setLocalProperty("spark.scheduler.pool", self._key)
        context._jvm.org.apache.spark.sql.classic.SparkSession.setActiveSession(self._java_session)


def attach(key: str) -> SparkSession:
    """A session of its own in the JVM that PYSPARK_GATEWAY_PORT and PYSPARK_GATEWAY_SECRET name.

    `key` names this process's job group, tag, pool and threads in the JVM.
    """
    threads = _Threads(key)
    gateway = launch_gateway()
    jvm = gateway.jvm
    java_context = jvm.JavaSparkContext.fromSparkContext(jvm.org.apache.spark.SparkContext.getOrCreate())
    context = SparkContext(conf=SparkConf(_jconf=java_context.sc().conf()), gateway=gateway, jsc=java_context)
    # PySpark's handler would cancel the jobs of every run.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    base = jvm.org.apache.spark.sql.classic.SparkSession.getDefaultSession().get()
    session = SparkSession(context, base.newSession())
    jvm.org.apache.spark.sql.classic.SparkSession.setDefaultSession(base)
    threads.adopt(context, session._jsparkSession)
    JavaObject("GATEWAY_SERVER", gateway._gateway_client).getGateway().putObject(
        session_key(key), session._jsparkSession
    )
    _neutralise(context, key)
    return session


def _neutralise(context: SparkContext, key: str) -> None:
    """Takes the sting out of calls that reach beyond one notebook: the cluster is shared."""

    def stop(_self: object) -> None:
        print("spark.stop() ignored: the cluster outlives the notebook", file=sys.stderr)

    def clear_cache(_self: object) -> None:
        print("clearCache() ignored: the cache is shared with other notebooks", file=sys.stderr)

    def cancel_own_jobs(_self: object) -> None:
        context._jsc.sc().cancelJobGroup(key)

    SparkContext.stop = stop
    SparkSession.stop = stop
    SparkContext.cancelAllJobs = cancel_own_jobs
    Catalog.clearCache = clear_cache
    SQLContext.clearCache = clear_cache
