"""Log lines: one JSON object each, with the request id where there is one; never a body or a header."""

import json
import logging
import time

from accounts.keyformat import masked


class JsonFormatter(logging.Formatter):
    """time, level, logger, message and, if set by the caller, request_id, status and the exception."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ("request_id", "status_code"):
            if (value := getattr(record, name, None)) is not None:
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # A key that somebody puts into an address would be in the message.
        return masked(json.dumps(line, ensure_ascii=False))
