"""Turns a table into the bytes of one drop, with the file faults that hit it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa

from simulator.days import Span, at
from simulator.faults import apply
from simulator.machines import csv_files
from simulator.machines.plan import Plan
from simulator.machines.summary import Delivery

_DELIVERED_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class PackedFile:
    """The bytes of a drop and how it is delivered; `again` says that it comes twice."""

    content: bytes
    delivery: Delivery
    again: bool = False


def delivery_time(span: Span, delay_minutes: int = 0) -> datetime:
    """When a source system uploads the file of a span: five minutes after the span's end, unless it is late."""
    return at(span.last_hour) + _DELIVERED_AFTER + timedelta(minutes=delay_minutes)


def pack(plan: Plan, content: bytes) -> bytes:
    """The bytes as the plan wants them."""
    return csv_files.compress(content) if plan.gzip else content


def whole_file(plan: Plan, source: str, span: Span, table: pa.Table) -> PackedFile:
    """A sound file."""
    content = pack(plan, csv_files.render(table, header=True))
    return PackedFile(
        content, Delivery(source, span, plan.file_name(span), table.num_rows, len(content), delivery_time(span))
    )


def daily_file(plan: Plan, source: str, day: date, table: pa.Table) -> PackedFile:
    """The file of one day, damaged when a fault of the plan hits it."""
    span = Span(day, day)
    hit = apply.hits(plan.active_faults, plan.seed, source, day, plan.fault_every)
    if not hit:
        return whole_file(plan, source, span, table)
    faulty = apply.apply(
        hit, plan.seed, source, day, csv_files.render(table, header=True), lambda content: pack(plan, content)
    )
    deliver_at = delivery_time(span, faulty.delay_minutes)
    return PackedFile(
        faulty.content,
        Delivery(source, span, plan.file_name(span), faulty.rows, len(faulty.content), deliver_at, hit),
        faulty.again,
    )
