# SPDX-License-Identifier: Apache-2.0
"""What was measured, as tables in Markdown."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tests.bench.measure import Cell
from tests.bench.workload import TRANSITIONS

_GROUPS: Final = ("engine", "connector", "postgres", "broker")
_HEAD: Final = (
    "way", "cases/s (min-max)", "transitions/s", "p50 / p99 ms at half (cases)",
    "CPU ms/case: engine + connector + postgres + broker = all", "peak PSS MB, the same groups",
    "WAL KB/case", "WAL fsyncs/case", "disk flushes/case, whole machine",
)  # fmt: skip


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its first row is the head."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(measured: Sequence[Cell]) -> str:
    """Return one row for each way."""
    return markdown([_HEAD, *(_row(cell) for cell in measured)])


def ratios(pairs: Iterable[tuple[Cell, Cell]]) -> str:
    """Return each engine against its ceiling: by rate in pairs of neighbouring runs, and by CPU."""
    head = (
        "engine / ceiling",
        "by cases/s, each pair",
        "median",
        "by CPU per case, all groups",
        "engine alone",
    )
    return markdown([head, *(_ratio(engine, bare) for engine, bare in pairs)])


def _ratio(engine: Cell, bare: Cell) -> Sequence[str]:
    paired = [one / other for one, other in zip(engine.rates, bare.rates, strict=True)]
    all_groups = sum(_cpu(bare).values()) / sum(_cpu(engine).values())
    alone = _cpu(bare)["engine"] / _cpu(engine)["engine"]
    return (
        f"{engine.name} / {bare.name}",
        ", ".join(f"{one:.2f}" for one in paired),
        f"{statistics.median(paired):.2f}",
        f"{all_groups:.2f}",
        f"{alone:.2f}",
    )


def _row(cell: Cell) -> Sequence[str]:
    cpu = _cpu(cell)
    peaks = {group: max(one.peaks[group] for one in cell.saturated) for group in cpu}
    half = cell.latencies
    return (
        cell.name,
        f"{cell.rate:.1f} ({min(cell.rates):.1f}-{max(cell.rates):.1f})",
        f"{cell.rate * TRANSITIONS:,.0f}",
        " ".join(f"{one['p50']:.0f} / {one['p99']:.0f} ({one['cases']:.0f})" for one in half) or "-",
        _by_group(cpu, digits=1) + f" = {sum(cpu.values()):.1f}",
        _by_group(peaks, digits=0),
        f"{statistics.median(one.wal_kilobytes for one in cell.saturated):.0f}",
        f"{statistics.median(one.wal_syncs for one in cell.saturated):.1f}",
        _maybe(cell.median([one.device_flushes for one in cell.saturated])),
    )


def _cpu(cell: Cell) -> Mapping[str, float]:
    groups = cell.saturated[0].cpu_ms
    return {group: statistics.median(one.cpu_ms[group] for one in cell.saturated) for group in groups}


def _by_group(values: Mapping[str, float], *, digits: int) -> str:
    return " + ".join(f"{values[group]:.{digits}f}" for group in _GROUPS if group in values)


def _maybe(value: float | None) -> str:
    return "not available" if value is None else f"{value:.1f}"
