"""One call of each operation in curl and in Python, with nothing but what it can't do without. Pure."""

import json
from collections.abc import Iterator
from shlex import quote
from typing import Any, Final
from urllib.parse import quote as escaped

from cloudapi.reference.operations import FORM, JSON, Operation, Parameter

KEY: Final = "CLOUDAPI_KEY"
MANAGE_KEY: Final = "CLOUDAPI_MANAGE_KEY"  # with the scope `manage`
_ENDINGS: Final = {"image/": "png", "video/": "mp4", "audio/": "mp3"}
_STEP: Final = "    "


def curl(operation: Operation, base_url: str) -> str:
    """For a shell that has the key in its environment."""
    usual = operation.method == ("POST" if operation.bodies else "GET")
    words = [f"curl {'' if usual else f'-X {operation.method} '}{quote(address(operation, base_url))}"]
    words += [f'-H "{name}: {value}"' for name, value in _headers(operation, "${}")]
    body, form = operation.body(JSON), operation.body(FORM)
    if body is not None:
        sent = json.dumps(body.example, ensure_ascii=False, indent=2)
        words += ['-H "Content-Type: application/json"', f"-d {quote(sent)}"]
    elif form is not None:
        files = {one.name for one in form.rows if one.is_file}
        words += [
            f"-F {name}={f'@{name}' if name in files else quote(_worded(value))}"
            for name, value in form.example.items()
        ]
    if file := saved(operation):
        words.append(f"--output {file}")
    return " \\\n  ".join(words)


def python(operation: Operation, base_url: str) -> str:
    """For `requests`, with the key in the environment."""
    given = [json.dumps(address(operation, base_url)), *_keywords(operation), "timeout=60"]
    arguments = "".join(f"{_STEP}{one},\n" for one in given)
    imports = "import os\n\nimport requests" if operation.keys else "import requests"
    return (
        f"{imports}\n\nanswer = requests.{operation.method.lower()}(\n{arguments})\n"
        f"answer.raise_for_status()\n{_told(operation)}"
    )


def address(operation: Operation, base_url: str) -> str:
    """Where it is asked, names in place of what only the caller knows."""
    path = operation.path
    for one in _given(operation, "path"):
        path = path.replace(f"{{{one.row.name}}}", one.example)
    query = "&".join(f"{one.row.name}={escaped(one.example)}" for one in _given(operation, "query"))
    return f"{base_url}{path}{'?' if query else ''}{query}"


def saved(operation: Operation) -> str:
    """The file for an answer that is no text; '' for all others."""
    kinds = [kind for answer in operation.answers for one in answer.contents for kind in one.kinds]
    if not kinds or any(kind == JSON for kind in kinds):
        return ""
    return next((f"answer.{end}" for start, end in _ENDINGS.items() if kinds[0].startswith(start)), "")


def _given(operation: Operation, place: str) -> Iterator[Parameter]:
    return (one for one in operation.parameters if one.place == place and one.row.required)


def _headers(operation: Operation, key: str) -> Iterator[tuple[str, str]]:
    if operation.keys:
        yield "Authorization", f"Bearer {key.format(MANAGE_KEY if operation.session else KEY)}"
    yield from ((one.row.name, one.example) for one in _given(operation, "header"))


def _keywords(operation: Operation) -> Iterator[str]:
    headers = [
        f'"{name}": {"f" if "{" in value else ""}"{value}"'
        for name, value in _headers(operation, "{{os.environ['{}']}}")
    ]
    if headers:
        yield f"headers={{{', '.join(headers)}}}"
    body, form = operation.body(JSON), operation.body(FORM)
    if body is not None:
        yield f"json={_literal(body.example, _STEP)}"
    elif form is not None:
        files = {one.name for one in form.rows if one.is_file}
        sent = {name: value for name, value in form.example.items() if name not in files}
        opened = ", ".join(f'"{name}": open("{name}", "rb")' for name in form.example if name in files)
        yield f"data={_literal(sent, _STEP)}"
        yield f"files={{{opened}}}"


def _told(operation: Operation) -> str:
    if file := saved(operation):
        return f'with open("{file}", "wb") as file:\n{_STEP}file.write(answer.content)'
    kinds = [kind for answer in operation.answers for one in answer.contents for kind in one.kinds]
    return "print(answer.json())" if JSON in kinds else "print(answer.text)"


def _literal(value: Any, indent: str) -> str:
    """A literal of Python, objects and lists of objects a line an entry."""
    if isinstance(value, dict) and value:
        inner = indent + _STEP
        lines = [f"{inner}{_literal(k, inner)}: {_literal(v, inner)},\n" for k, v in value.items()]
        return f"{{\n{''.join(lines)}{indent}}}"
    if isinstance(value, list):
        return f"[{', '.join(_literal(one, indent) for one in value)}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _worded(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
