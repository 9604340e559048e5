"""How an upstream is asked to go on with what another one has said: as the assistant's last turn.

Which form a provider understands is written in the catalog (`prefill`); without one it isn't asked. Sources:
vLLM's and SGLang's ChatCompletionRequest (`continue_final_message`, only without `add_generation_prompt`);
api-docs.deepseek.com/guides/chat_prefix_completion (`prefix`, under /beta); docs.mistral.ai, "Prefix", which
tells it again first; platform.moonshot.ai, "Partial Mode"; platform.claude.com, "Prefill Claude's response"
(no blanks at its end, no thinking, not from 4.6 on); Gemini up to 3.1 goes on with a last turn of the
model's, of the later ones some refuse it. OpenAI has no form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.bridge import Unsupported

TURN: Final = "turn"
# Form → what is added to the message, and to the body.
_FORMS: Final[Mapping[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    TURN: ({}, {}),
    "final_message": ({}, {"add_generation_prompt": False, "continue_final_message": True}),
    "prefix": ({"prefix": True}, {}),
    "echoed_prefix": ({"prefix": True}, {}),
    "partial": ({"partial": True}, {}),
}
ECHOED: Final = frozenset({"echoed_prefix"})


def unable() -> Unsupported:
    """This endpoint can't go on with an answer that another one began."""
    return Unsupported("messages", "This model's provider can't go on with an answer that another one began.")


def prefilled(chat: Mapping[str, Any], said: str, form: str) -> dict[str, Any]:
    """A chat body whose answer begins with `said`. Raises Unsupported where its provider has no such form."""
    if form not in _FORMS:
        raise unable()
    mark, more = _FORMS[form]
    *before, last = going_on(chat["messages"], said)
    return {**chat, **more, "messages": [*before, {**last, **mark}]}


def going_on(messages: Sequence[Mapping[str, Any]], said: str) -> list[Mapping[str, Any]]:
    """The conversation with what was said, in OpenAI's words as in Anthropic's.

    Raises Unsupported where it ends with the assistant's turn already: some go on with that, some answer it.
    """
    if messages and messages[-1].get("role") == "assistant":
        raise unable()
    return [*messages, {"role": "assistant", "content": said}]


@dataclass(slots=True)
class Seam:
    """Where two parts of an answer meet: the second may repeat what the first one said.

    blanks: those at the end of the first part, which nobody is told, as some refuse them there. echo: what
    some vendors send again first; only the whole of it is taken for an echo.
    """

    blanks: str
    echo: str = ""
    _held: str = field(default="", init=False)

    def cut(self, text: str) -> str:
        """As much of the next piece as is new."""
        if self.echo:
            text = self._without_echo(text)
        while self.blanks and text and text[0] == self.blanks[0]:
            text, self.blanks = text[1:], self.blanks[1:]
        if text:
            self.blanks = ""
        return text

    def rest(self) -> str:
        """What was held back because it might have become an echo."""
        held, self._held, self.echo = self._held, "", ""
        return self.cut(held)

    def _without_echo(self, text: str) -> str:
        self._held += text
        if len(self._held) < len(self.echo) and self.echo.startswith(self._held):
            return ""
        found = self._held.removeprefix(self.echo)
        self._held, self.echo = "", ""
        return found
