"""Instructions in the middle of a conversation, for models whose template knows them only at its beginning.

Claude Code sends them to every model that it doesn't know (api.md §0.3); templates of open models answer 400.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_INSTRUCTIONS: Final = ("system", "developer")


def folded(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """OpenAI messages with later instructions as text of the user's turn before, or of one of their own."""
    found: list[Mapping[str, Any]] = []
    begun = False
    for message in messages:
        instructs = message.get("role") in _INSTRUCTIONS
        begun = begun or not instructs
        if not instructs or not begun:
            _append(found, message)
        elif text := _text(message.get("content")):
            reminder = f"<system-reminder>\n{text}\n</system-reminder>"
            _append(found, {"role": "user", "content": [{"type": "text", "text": reminder}]}, joins=True)
    return found


def _append(found: list[Mapping[str, Any]], message: Mapping[str, Any], *, joins: bool = False) -> None:
    """Adds a message; to the user's turn before it, if one of the two is a reminder."""
    last = found[-1] if found else {}
    both_users = last.get("role") == message.get("role") == "user"
    if both_users and (joins or _ends_in_reminder(last)):
        found[-1] = {**last, "content": [*_parts(last.get("content")), *_parts(message.get("content"))]}
    else:
        found.append(message)


def _ends_in_reminder(message: Mapping[str, Any]) -> bool:
    parts = _parts(message.get("content"))
    return bool(parts) and str(parts[-1].get("text", "")).startswith("<system-reminder>")


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content or ())


def _text(content: Any) -> str:
    return "\n\n".join(part["text"] for part in _parts(content) if isinstance(part.get("text"), str))
