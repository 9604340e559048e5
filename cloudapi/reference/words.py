"""What the reference says in words, and that in another language. Pure: who translates is handed in.

The document is English for all machines; people read each of its paragraphs in their own language.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Final

from cloudapi.reference.fields import Row
from cloudapi.reference.operations import Answer, Content, Object, Operation, Reference

type Say = Callable[[str], str]

_BREAK: Final = re.compile(r"\n\s*\n")


def paragraphs(found: Reference) -> list[str]:
    """All that a translator has to know, each once, in the order of the page."""
    said: dict[str, str] = {}
    told(found, lambda text: said.setdefault(text, text))
    return list(said)


def told(found: Reference, say: Say) -> Reference:
    """The same reference, each paragraph as `say` has it. How lines of one are broken doesn't matter."""
    whole = cache(_whole(say))
    return Reference(
        {tag: tuple(_operation(one, whole) for one in group) for tag, group in found.groups.items()},
        tuple(_object(one, whole) for one in found.objects),
    )


def _whole(say: Say) -> Say:
    """`say` for a text of several paragraphs, or of none."""

    def said(text: str) -> str:
        parts = (" ".join(part.split()) for part in _BREAK.split(text))
        return "\n\n".join(say(part) for part in parts if part)

    return said


def _operation(one: Operation, say: Say) -> Operation:
    return replace(
        one,
        summary=say(one.summary),
        description=say(one.description),
        parameters=tuple(replace(value, row=_row(value.row, say)) for value in one.parameters),
        bodies=_contents(one.bodies, say),
        answers=_answers(one.answers, say),
        refusals=_answers(one.refusals, say),
    )


def _answers(found: Iterable[Answer], say: Say) -> tuple[Answer, ...]:
    return tuple(
        Answer(one.status, say(one.description), _rows(one.headers, say), _contents(one.contents, say))
        for one in found
    )


def _contents(found: Iterable[Content], say: Say) -> tuple[Content, ...]:
    return tuple(replace(one, rows=_rows(one.rows, say)) for one in found)


def _object(one: Object, say: Say) -> Object:
    return replace(one, description=say(one.description), rows=_rows(one.rows, say))


def _rows(found: Iterable[Row], say: Say) -> tuple[Row, ...]:
    return tuple(_row(one, say) for one in found)


def _row(one: Row, say: Say) -> Row:
    return replace(one, description=say(one.description)) if one.description else one
