"""The features in their plain form: one pass of DataFrame operations for each kind, no trick. Slow, and what is meant.

Every feature looks at the rows of its entity in (T - hours, T]; all readings are rounded as the fast form rounds them.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from batchkeeper.features.grid import HOUR
from batchkeeper.scenario import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.scenario.scaling import scale_of


def plain_features(
    scenario: Scenario, fleet: DataFrame, readings: DataFrame, coded: dict[str, DataFrame], points: DataFrame
) -> DataFrame:
    """The features of `points` (entity, as_of) of entities in the fleet."""
    entity, key = scenario.entity.name, list(scenario.key)
    found = points.join(fleet, entity)
    for fact in scenario.fleet.facts if scenario.fleet else ():
        found = found.withColumnRenamed(fact.name, fact.feature or fact.name)

    def of_past(rows: DataFrame, columns: dict[str, Column]) -> DataFrame:
        """Aggregates of the rows of an entity up to each point; `age` = seconds before it."""
        age = sf.unix_timestamp("as_of") - sf.unix_timestamp("ts")
        joined = points.join(rows, entity, "left").withColumn("age", age).where("age >= 0")
        return points.join(
            joined.groupBy(*key).agg(*(column.alias(name) for name, column in columns.items())), key, "left"
        )

    for part in (_readings(scenario), _counters(scenario)):
        found = found.join(of_past(readings, part), key) if part else found
    for events in scenario.events:
        columns: dict[str, Column] = {}
        for code in events.codes:
            mine = sf.col(events.column) == scenario.spelled(code)
            columns |= {f"{code}_count_{hours}h": sf.count_if(mine & _within(hours)) for hours in events.count}
            columns[f"{code}_hours_since"] = (
                sf.min(sf.when(mine & (sf.col("age") < events.since * HOUR), sf.col("age"))) / HOUR
            )
        found = found.join(of_past(coded[events.name], columns), key)
        found = found.fillna(0, [f"{code}_count_{hours}h" for code in events.codes for hours in events.count])
    if part_of := scenario.maintenance:
        rows, columns = coded[part_of.name], {}
        for target in scenario.targets.names:
            columns[f"{target}_age_hours"] = sf.min(sf.when(sf.col(part_of.column) == target, sf.col("age"))) / HOUR
        found = found.join(of_past(rows, columns), key)
        for target in scenario.targets.names:
            found = found.withColumn(f"{target}_never_replaced", sf.col(f"{target}_age_hours").isNull())
        if part_of.visit_every:
            period = int(part_of.visit_every.total_seconds())
            times = rows.select(entity, "ts").distinct()
            pairs = times.alias("a").join(times.alias("b"), entity).where("a.ts > b.ts").groupBy(entity, "a.ts")
            before = pairs.agg(sf.max("b.ts").alias("before"))
            apart = sf.unix_timestamp("ts") - sf.unix_timestamp("before")
            visits = before.where(apart % period == 0).select(entity, "ts")
            found = found.join(of_past(visits, {"since_visit": sf.min("age")}), key)
            found = found.withColumn("hours_to_next_visit", (period - sf.col("since_visit") % period) / HOUR)
            found = found.withColumn("visit_unknown", sf.col("since_visit").isNull())
    zero = [name for name in feature_set(scenario).names if name.startswith("readings_")]
    columns = [sf.col(one.name).cast(one.type) for one in feature_set(scenario).features]
    return found.fillna(0, zero).select(*key, *columns)


def _within(hours: int, after: int = 0) -> Column:
    return (sf.col("age") >= after * HOUR) & (sf.col("age") < hours * HOUR)


def _readings(scenario: Scenario) -> dict[str, Column]:
    windows, normal = scenario.readings.windows, scenario.readings.normal
    its_normal, found = _within(normal.hours, normal.gap_hours), {}
    for value in scenario.smooth:
        name, scale = value.name, scale_of(value, scenario.readings.step)
        rounded = sf.when(sf.abs(name) <= value.largest, sf.floor(sf.col(name) * scale + 0.5) / scale)
        means = {hours: sf.avg(sf.when(_within(hours), rounded)) for hours in windows.mean}
        found |= {f"{name}_mean_{hours}h": mean for hours, mean in means.items()}
        found |= {f"{name}_sd_{hours}h": sf.stddev_samp(sf.when(_within(hours), rounded)) for hours in windows.spread}
        found[f"{name}_normal_mean"] = sf.avg(sf.when(its_normal, rounded))
        found[f"{name}_normal_sd"] = sf.stddev_samp(sf.when(its_normal, rounded))
        found |= {f"{name}_deviation_{h}h": means[h] - found[f"{name}_normal_mean"] for h in windows.deviation}
    for label, inside in ((f"{hours}h", _within(hours)) for hours in windows.mean):
        found[f"readings_{label}"] = _number(scenario, inside)
    return found | {"readings_normal": _number(scenario, its_normal)}


def _number(scenario: Scenario, inside: Column) -> Column:
    always = [one for one in scenario.smooth if not one.optional]
    # A value beyond the largest counts as missing.
    present = [sf.when(sf.abs(one.name) <= one.largest, 1) for one in always or scenario.smooth] or [sf.lit(1)]
    counts = [sf.count(sf.when(inside, one)) for one in present]
    if len(counts) == 1:
        return counts[0]
    return sf.least(*counts) if always else sf.greatest(*counts)


def _counters(scenario: Scenario) -> dict[str, Column]:
    longest, found = scenario.readings.normal.hours, {}
    for counter in scenario.counters:

        def known(hours: int, name: str = counter.name) -> Column:
            """The last value of those at least so many hours old and not beyond the longest look back."""
            inside = (sf.col("age") >= hours * HOUR) & (sf.col("age") < longest * HOUR) & sf.col(name).isNotNull()
            return sf.min_by(name, sf.when(inside, sf.col("age")))

        found[f"{counter.name}_level"] = known(0)
        for hours in counter.rise:
            rise = known(0) - known(hours)
            found[f"{counter.name}_rise_{hours}h"] = sf.when(rise < 0, 0.0).otherwise(rise)
    return found
