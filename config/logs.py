"""How a log line looks. Kept apart from settings so that logging's dictConfig can name it."""

import structlog
from structlog.typing import EventDict, WrappedLogger

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

_lines = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "logger", "event"])


def renderer(logger: WrappedLogger, name: str, event_dict: EventDict) -> str:
    """One line of `key=value` pairs; the formatter's own bookkeeping is left out."""
    event_dict.pop("_record", None)
    event_dict.pop("_from_structlog", None)
    rendered = _lines(logger, name, event_dict)
    return rendered if isinstance(rendered, str) else rendered.decode()
