"""Logging: structlog to standard error, as text or JSON lines. Callers log names, counts and
coordinates; nothing that came from a person is ever passed to a logger."""

from __future__ import annotations

import logging
import sys

import structlog

#: A line for every request, which says less than the caller's own.
_CHATTY = ("httpx", "httpcore")

log: structlog.stdlib.BoundLogger = structlog.get_logger("glasshouse")


def kind_and_place(error: BaseException) -> str:
    """An exception as its kind and where it was raised: its text, and the variables of its frames,
    could hold a value from a message."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "unknown"
    return f"{type(error).__name__} in {place}"


def _without_values(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Whatever exception a line comes with, and be it a library's, no traceback is printed."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = kind_and_place(error)
    return event


def configure_logging(level: str, form: str) -> None:
    """Send this project's and its libraries' lines of at least ``level`` to standard error."""
    threshold = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_values,
                last,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=threshold, force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, threshold))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
