"""Rows of a batch whose key the table had before: equal, better or worse than what is stored."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange, literal
from batchkeeper.ingestion.storing.lineage import with_lineage
from batchkeeper.scenario.source import Source
from batchkeeper.tables.ingestion import CONFIRMED, HISTORY, LINEAGE, source_table

_NO_TIME = "TIMESTAMP '1970-01-01 00:00:00+00:00'"


def resolve(
    tables: Tables,
    run_id: str,
    source: Source,
    winners: DataFrame,
    losers: DataFrame,
    span: TimeRange | None,
    version: int,
) -> None:
    """Settles all conflicts of one batch.

    Args:
        winners: one row per key of the batch.
        losers: rows of the batch that differ from the winner of their key.
        version: Delta version of the table before the batch.
    """
    winners, losers = (with_lineage(tables, rows) for rows in (winners, losers))
    compared = _compared(tables, source, winners, span, version)
    counts = compared.groupBy("verdict").count().collect()
    found = {str(row[0]): int(row[1]) for row in counts}
    if found.get("wins") or found.get("loses") or not losers.isEmpty():
        tables.insert_only_merge(HISTORY, _history(run_id, source, compared, losers, winners))
    if found.get("confirms"):
        tables.insert_only_merge(CONFIRMED, _confirmed(run_id, source, compared))
    if found.get("wins"):
        spec = source_table(source)
        tables.update_changed(spec, compared.where("verdict = 'wins'").select(*spec.column_names), span)


def _compared(tables: Tables, source: Source, winners: DataFrame, span: TimeRange | None, version: int) -> DataFrame:
    """Each row of the batch beside the stored row of its key (`old`), with a verdict: same, confirms, wins or loses."""
    stored = tables.read(source.name, version)
    if span and source.time:
        stored = stored.where(f"{source.time} BETWEEN {literal(span[0])} AND {literal(span[1])}")
    old = with_lineage(tables, stored).select(*source.key, sf.struct(*source.values, *LINEAGE).alias("old"))
    pairs = winners.join(old, list(source.key))
    pairs = _with_standing(tables, source, pairs)
    equal = sf.struct(*(sf.col(name) for name in source.values)).eqNullSafe(
        sf.struct(*(sf.col(f"old.{name}") for name in source.values))
    )
    later = sf.struct(*LINEAGE) > sf.col("standing")
    verdict = sf.when(equal & later, "confirms").when(equal, "same").when(later, "wins").otherwise("loses")
    return pairs.withColumn("verdict", verdict)


def _with_standing(tables: Tables, source: Source, pairs: DataFrame) -> DataFrame:
    """Adds `standing`: the latest file known to hold the stored value, either the one it came from or one that
    confirmed it.
    """
    own = sf.struct(*(sf.col(f"old.{name}").alias(name) for name in LINEAGE))
    confirmed = tables.read(CONFIRMED.name).where(sf.col("source") == source.name)
    if confirmed.isEmpty():
        return pairs.withColumn("standing", own)
    marks = confirmed.select(sf.col("entity"), "from_ts", "to_ts", sf.struct(*LINEAGE).alias("mark")).alias("c")
    inside = sf.col("c.entity") == _entity(source)
    if source.time:
        inside = inside & sf.col(source.time).between(sf.col("c.from_ts"), sf.col("c.to_ts"))
    columns = [sf.first(name).alias(name) for name in pairs.columns if name not in source.key]
    joined = (
        pairs.join(sf.broadcast(marks), inside, "left").groupBy(*source.key).agg(*columns, sf.max("mark").alias("mark"))
    )
    return joined.withColumn("standing", sf.greatest(own, sf.coalesce("mark", own))).drop("mark")


def _entity(source: Source) -> Column:
    return sf.col(source.key[0]).cast("string")


def _history(run_id: str, source: Source, compared: DataFrame, losers: DataFrame, winners: DataFrame) -> DataFrame:
    """What lost: stored values that are replaced, values of the batch that came too late, and values beaten inside the
    batch.
    """
    key = sf.to_json(sf.struct(*source.key))
    values = sf.to_json(sf.struct(*source.values))
    old_values = sf.to_json(sf.struct(*(sf.col(f"old.{name}").alias(name) for name in source.values)))
    replaced = compared.where("verdict = 'wins'").select(
        key.alias("row_key"),
        old_values.alias("row_values"),
        *(sf.col(f"old.{name}").alias(name) for name in LINEAGE),
        sf.col("source_path").alias("superseded_by_path"),
        sf.col("source_etag").alias("superseded_by_etag"),
    )
    late = compared.where("verdict = 'loses'").select(
        key.alias("row_key"),
        values.alias("row_values"),
        *LINEAGE,
        sf.col("standing.source_path").alias("superseded_by_path"),
        sf.col("standing.source_etag").alias("superseded_by_etag"),
    )
    best = winners.select(
        *source.key,
        sf.col("source_path").alias("superseded_by_path"),
        sf.col("source_etag").alias("superseded_by_etag"),
    )
    beaten = losers.join(best, list(source.key)).select(
        key.alias("row_key"), values.alias("row_values"), *LINEAGE, "superseded_by_path", "superseded_by_etag"
    )
    lost = (
        replaced.unionByName(late)
        .unionByName(beaten)
        .dropDuplicates(["row_key", "row_values", "source_path", "source_etag"])
    )
    return lost.select(
        sf.lit(source.name).alias("source"),
        "*",
        sf.lit(run_id).alias("run_id"),
        sf.current_timestamp().alias("recorded_at"),
    )


def _confirmed(run_id: str, source: Source, compared: DataFrame) -> DataFrame:
    """The confirmed rows as spans per entity and file: rows one step apart are joined, others stand alone."""
    rows = compared.where("verdict = 'confirms'").withColumn("entity", _entity(source))
    time = sf.col(source.time) if source.time else sf.expr(_NO_TIME)
    lineage = [sf.col(name) for name in LINEAGE]
    rows = rows.select("entity", time.alias("from_ts"), *lineage)
    if source.step:
        gap = f"{int(source.step.total_seconds()) + 1} seconds"
        spans = rows.groupBy("entity", *LINEAGE, sf.session_window("from_ts", gap).alias("session")).agg(
            sf.min("from_ts").alias("from_ts"), sf.max("from_ts").alias("to_ts")
        )
    else:
        spans = rows.withColumn("to_ts", sf.col("from_ts"))
    return spans.select(
        sf.lit(source.name).alias("source"),
        "entity",
        "from_ts",
        "to_ts",
        *("source_path", "source_etag", "source_modified"),
        sf.lit(run_id).alias("run_id"),
        sf.current_timestamp().alias("recorded_at"),
    )
