"""What the telling of an answer needs to know of a dialect: a record of pure functions for each."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.upstream import (
    anthropic,
    anthropic_rules,
    chat,
    films,
    gemini,
    gemini_vectors,
    pictures,
    vectors,
    voice,
)
from tests.upstream.plan import Plan
from tests.upstream.wire import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One dialect.

    wishes: (body, path) → what chat.read_plan reads: a chat-like body with `model` and `messages`.
    compose: (plan, body) → an answer with prompt_tokens and completion_tokens.
    whole, chunks: the body of an answer; the payloads of a stream, each with the tokens in it.
    usage: (plan, answer, body) → the usage as reported, or None. error_body: (status, plan, message).
    line: a payload as SSE lines without the closing blank one. done: what ends a stream, if anything does.
    ends: whether this payload tells the finish. streams: (body, path) → whether a stream is asked for.
    read: request → its body. kind: (body, plan) → content type of a whole answer. method: of the request.
    refuses: (headers, body, path) → (status, message) for a request that the vendor wouldn't take.
    """

    wishes: Callable[[dict[str, Any], str], dict[str, Any]]
    compose: Callable[[Plan, dict[str, Any]], Any]
    whole: Callable[[Plan, Any, dict[str, Any]], bytes]
    chunks: Callable[[Plan, Any, dict[str, Any]], Iterator[tuple[int, bytes]]]
    usage: Callable[[Plan, Any, dict[str, Any]], dict[str, Any] | None]
    error_body: Callable[[int, Plan, str], bytes]
    line: Callable[[bytes], bytes]
    ends: Callable[[bytes], bool]
    streams: Callable[[dict[str, Any], str], bool]
    done: bytes = b""
    method: str = "POST"
    read: Callable[[Request], Any] = lambda request: json.loads(request.body)
    kind: Callable[[dict[str, Any], Plan], str] = lambda body, plan: "application/json"
    refuses: Callable[[list[tuple[str, str]], dict[str, Any], str], tuple[int, str] | None] = (
        lambda headers, body, path: None
    )


CHAT = Speech(
    wishes=lambda body, path: body,
    compose=chat.compose,
    whole=chat.whole,
    chunks=chat.chunks,
    usage=chat.reported_usage,
    error_body=chat.error_body,
    line=lambda payload: b"data: " + payload,
    ends=lambda payload: b'"finish_reason":null' not in payload,
    streams=lambda body, path: bool(body.get("stream")),
    done=b"data: [DONE]",
)
MESSAGES = Speech(
    wishes=anthropic.wishes,
    compose=anthropic.compose,
    whole=anthropic.whole,
    chunks=anthropic.chunks,
    usage=anthropic.reported_usage,
    error_body=anthropic.error_body,
    line=anthropic.line,
    ends=lambda payload: payload.startswith(b'{"type":"message_delta"'),
    streams=lambda body, path: bool(body.get("stream")),
    done=anthropic.MESSAGE_STOP,
    refuses=anthropic_rules.refuses,
)
GEMINI = Speech(
    wishes=gemini.wishes,
    compose=gemini.compose,
    whole=gemini.whole,
    chunks=gemini.chunks,
    usage=gemini.reported_usage,
    error_body=gemini.error_body,
    line=lambda payload: b"data: " + payload,
    ends=lambda payload: b'"finishReason"' in payload,
    streams=gemini.streams,
    refuses=gemini.refuses,
)
EMBEDDINGS = Speech(
    wishes=vectors.wishes,
    compose=vectors.compose,
    whole=vectors.whole,
    chunks=lambda plan, answer, body: iter(()),
    usage=vectors.usage,
    error_body=chat.error_body,
    line=lambda payload: b"data: " + payload,
    ends=lambda payload: True,
    streams=lambda body, path: False,
)
GEMINI_EMBEDDINGS = replace(
    EMBEDDINGS,
    wishes=gemini_vectors.wishes,
    compose=gemini_vectors.compose,
    whole=gemini_vectors.whole,
    usage=gemini_vectors.usage,
    error_body=gemini.error_body,
    refuses=gemini_vectors.refuses,
)
MODERATIONS = replace(EMBEDDINGS, whole=vectors.moderated, usage=lambda plan, answer, body: None)
IMAGES = Speech(
    wishes=pictures.wishes,
    compose=pictures.compose,
    whole=pictures.whole,
    chunks=pictures.no_chunks,
    usage=pictures.reported_usage,
    error_body=chat.error_body,
    line=lambda payload: b"data: " + payload,
    ends=lambda payload: False,
    streams=lambda body, path: False,
)
EDITS = replace(IMAGES, read=pictures.read_form)
ADDRESSES = replace(
    IMAGES,
    read=pictures.read_address,
    whole=films.bare,
    kind=lambda body, plan: "video/mp4" if "duration" in body else "image/png",
    method="GET",
)
FILMS = replace(IMAGES, read=films.read, whole=films.whole, usage=lambda plan, answer, body: None)
SPOKEN = replace(
    EMBEDDINGS,
    wishes=voice.spoken_wishes,
    compose=voice.compose_speech,
    whole=voice.speech,
    chunks=voice.speech_events,
    usage=lambda plan, answer, body: None,
    streams=lambda body, path: body.get("stream_format") == "sse",
    kind=voice.speech_kind,
)
HEARD = replace(
    EMBEDDINGS,
    wishes=voice.heard_wishes,
    compose=voice.compose_transcript,
    whole=voice.transcript,
    chunks=voice.transcript_events,
    usage=voice.heard_usage,
    streams=lambda body, path: body.get("stream") == "true",
    read=voice.read_form,
    kind=voice.heard_kind,
)
# Path (after the provider's prefix) → the dialect spoken there; the first match counts.
SPEECHES: list[tuple[re.Pattern[str], Speech]] = [
    (re.compile(r"/v1/chat/completions"), CHAT),
    (re.compile(r"/v1/messages"), MESSAGES),
    (re.compile(r"/v1beta/models/[^/:]+:(generateContent|streamGenerateContent)"), GEMINI),
    (re.compile(r"/v1beta/models/[^/:]+:batchEmbedContents"), GEMINI_EMBEDDINGS),
    (re.compile(r"/v1/embeddings"), EMBEDDINGS),
    (re.compile(r"/v1/moderations"), MODERATIONS),
    (re.compile(r"/v1/images/generations"), IMAGES),
    (re.compile(r"/v1/images/edits"), EDITS),
    (re.compile(r"/v1/videos"), FILMS),
    (re.compile(r"/image/.*"), ADDRESSES),
    (re.compile(r"/v1/audio/speech"), SPOKEN),
    (re.compile(r"/v1/audio/(transcriptions|translations)"), HEARD),
]


def spoken_at(method: str, path: str) -> Speech | None:
    """The dialect of an address."""
    here = (speech for pattern, speech in SPEECHES if pattern.fullmatch(path))
    return next((speech for speech in here if speech.method == method), None)
