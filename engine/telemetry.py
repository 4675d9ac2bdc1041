# SPDX-License-Identifier: Apache-2.0
"""What an operator sees from outside: trace ids, and metrics whose labels name operations, never people."""

import logging
import re
import secrets
import sys
import traceback
from contextvars import ContextVar
from typing import Final, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

METRICS_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_NONE: Final = "0" * 32
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)

# The trace of the request or message at hand. Set and reset around each one: a connection serves many.
trace: ContextVar[str] = ContextVar("trace", default=_NONE)


def new_trace_id() -> str:
    """Return a trace id (W3C Trace Context) that nothing else shares."""
    return secrets.token_hex(16)


def trace_id_of(traceparent: str | None) -> str | None:
    """Return the trace id of a `traceparent` header, None if it is none."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return match[1] if match and match[1] != _NONE else None


def where(error: BaseException) -> str:
    """Return the kind of an error and where it happened. Its message may hold what a citizen wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return f"{type(error).__name__} " + " < ".join(f"{one.name}:{one.lineno}" for one in reversed(frames))


def innermost(error: BaseException) -> BaseException:
    """Return the first error that a group of tasks died of, or the error itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def log_to_stderr(level: str) -> None:
    """Write what happens to stderr."""
    log_to(sys.stderr, level=level)


def log_to(out: TextIO, *, level: str) -> None:
    """Write what happens as JSON lines: the event's name, its fields, nothing else."""
    import structlog  # noqa: PLC0415 - a quarter of a second that commands for people need not pay

    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiormq", "aio_pika", "asyncio", "pyhanko", "pyhanko_certvalidator", "transitions"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # It writes down the line that was no HTTP, whatever a citizen had typed in it.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "todoke_http_requests",
            "Requests answered, by operation and status.",
            ["operation", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "todoke_http_request_seconds",
            "How long an answer took to begin; streams and long polls include their waiting.",
            ["operation"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.streams = Gauge("todoke_http_streams", "Event streams that are open.", registry=self.registry)

    def answered(self, operation: str, status: int, *, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def exposed(self) -> bytes:
        """Return everything in the Prometheus text format."""
        return generate_latest(self.registry)
