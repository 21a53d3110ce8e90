"""How the driver JVM and its Spark are set, and why."""

from __future__ import annotations

from collections.abc import Mapping

SESSION_DEFAULTS: Mapping[str, str] = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # The format of a table or path for which none is named, as on Databricks.
    "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Every night has the same few hundred generated classes; by default a hundred are kept.
    "spark.sql.codegen.cache.maxEntries": "2000",
    # Java never compiles a longer method; Spark then falls back to smaller ones. The jobs' clusters have the same.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Parquet keeps no statistics of times in Spark's older form, so that a filter by time reads all. The jobs' clusters
    # have the same.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Columns of measured values have no repetitions to look for; by default Parquet notices after a megabyte.
    "spark.hadoop.parquet.dictionary.page.size": "32768",
    # Counts of each level and length, which no reader here asks for.
    "spark.hadoop.parquet.size.statistics.enabled": "false",
    # Parts that suit a few cores: of three large ones two cores do two and one.
    "spark.sql.files.maxPartitionBytes": "32m",
    "spark.sql.shuffle.partitions": "8",
    # Otherwise Spark joins the eight until they are hardly more than the cores, and one of them is the last for long.
    "spark.sql.adaptive.coalescePartitions.minPartitionNum": "8",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Delta's SQL parser does not pass Spark 4.1's new way of binding named parameters on; the old way works.
    "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


# Hadoop's own starts a program for each file that it makes, which took half the time of a small commit.
FILE_SYSTEM: Mapping[str, str] = {
    "spark.hadoop.fs.file.impl": "batchkeeper.InProcessFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "batchkeeper.InProcessFs",
}

_OPENED = """java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent
java.util.concurrent.atomic sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar"""
# What Spark's JavaModuleOptions opens for Java 17 and later.
ACCESS = (
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED.split()),
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dio.netty.tryReflectionSetAccessible=true",
)

# An exhausted heap leaves a JVM that limps; one that ends can be replaced. Spark generates code without end, and a
# full code cache ends the JVM.
OPTIONS = (
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:ReservedCodeCacheSize=512m",
    # G1 marks beside the work, and a small machine has no core to spare for it.
    "-XX:+UseParallelGC",
    # Where the kernel offers large pages on request; elsewhere Java says so and does without.
    "-XX:+UseTransparentHugePages",
    # Spark's planner is much code that runs seldom: the optimizing compiler waits until a method has earned it,
    # twelve times as long as by default. It took a third of the processor time of a demo.
    "-XX:Tier4InvocationThreshold=60000",
    "-XX:Tier4MinInvocationThreshold=9000",
    "-XX:Tier4CompileThreshold=180000",
    "-XX:Tier4BackEdgeThreshold=240000",
    # From the default of 21 MB on, Java collects all garbage to look for classes to unload, and Spark has many
    # times that.
    "-XX:MetaspaceSize=256m",
)
