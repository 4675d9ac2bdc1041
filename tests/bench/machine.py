# SPDX-License-Identifier: Apache-2.0
"""What the kernel and PostgreSQL say was used: CPU and memory by group of processes, WAL, flushes."""

import os
import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import asyncpg

_TICK_SECONDS: Final = 1 / os.sysconf("SC_CLK_TCK")
_LOOK_SECONDS: Final = 0.5
_DISK: Final = ("vd", "sd", "nvme", "xvd")


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one instant."""

    cpu_seconds: Mapping[str, float]
    wal_bytes: int
    wal_syncs: int
    device_flushes: int | None


def cpu_seconds(root: int) -> float:
    """Return user and system time of a process, of its living descendants, and of those it has buried."""
    total = 0.0
    for pid in family(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended; its parent counts it from now on
            continue
        total += sum(map(int, fields[11:15])) * _TICK_SECONDS
    return total


def pss_megabytes(root: int) -> float:
    """Return the proportional set size of a process and its descendants."""
    kilobytes = 0
    for pid in family(root):
        try:
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kilobytes += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return kilobytes / 1024


def family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        try:
            children = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
            left += [int(child) for path in children for child in path.read_text().split()]
        except OSError:
            continue
    return found


def device_flushes() -> int | None:
    """Return the cache flushes of all disks of the machine since it began; None where it does not tell."""
    flushes = None
    for row in Path("/proc/diskstats").read_text().splitlines():
        _, _, name, *counters = row.split()
        if (
            name.startswith(_DISK)
            and not Path(f"/sys/class/block/{name}/partition").exists()
            and len(counters) > 15
        ):
            flushes = (flushes or 0) + int(counters[15])
    return flushes


async def reading(dsn: str, groups: Mapping[str, int]) -> Reading:
    """Return all counters now."""
    connection = await asyncpg.connect(dsn)
    try:
        wal = await connection.fetchval("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        await connection.execute("select pg_stat_force_next_flush()")
        syncs = await connection.fetchval(_SYNCS)
    finally:
        await connection.close()
    cpu = {name: cpu_seconds(pid) for name, pid in groups.items()}
    return Reading(cpu, int(wal), int(syncs or 0), device_flushes())


_SYNCS: Final = "select sum(fsyncs) from pg_stat_io where object = 'wal'"


class MemoryWatch:
    """Looks twice a second how much memory each group has, while the block lasts."""

    def __init__(self, groups: Mapping[str, int]) -> None:
        self.peaks = dict.fromkeys(groups, 0.0)
        self._groups = groups
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        look: Callable[[int], float] = pss_megabytes
        while True:
            for name, pid in self._groups.items():
                self.peaks[name] = max(self.peaks[name], look(pid))
            if self._over.wait(_LOOK_SECONDS):
                return


def words(postgres: str, rabbitmq: str | None) -> str:
    """Return the machine and the programs in one line, without its name."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    programs = f"PostgreSQL {postgres} (fsync on), " + (f"RabbitMQ {rabbitmq}, " if rabbitmq else "")
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{len(os.sched_getaffinity(0))} vCPU, {gibibytes:.0f} GiB, {system}; {programs}"
        f"Python {platform.python_version()}; load average now {load}"
    )
