"""The dialects that callers speak to us, and over which upstream dialects each of them can be served."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.bridge import Bridge
from proxy.call import Call
from proxy.dialects import (
    anthropic,
    anthropic_reader,
    chat_writer,
    cloudgpt,
    completions,
    embeddings,
    gemini_embeddings,
    gemini_images,
    gemini_reader,
    image_request,
    images,
    messages_request,
    messages_writer,
    moderations,
    openai,
    openai_reader,
    openai_request,
    pollinations,
    responses_request,
    responses_writer,
    speech,
    transcriptions,
    video,
)
from proxy.dialects.translated import bridge
from proxy.errors import ANTHROPIC, BINARY, OPENAI, RESPONSES, Voice

Inbound = Mapping[bytes, list[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One caller dialect: how its requests are read, how its callers are spoken to, and its bridges.

    parse: (body, headers in lower case) → Call; raises ApiError 400 or 413 before anything has moved.
    is_job: what is paid for comes after the call, so a job owns its hold (proxy/video).
    """

    modality: str
    parse: Callable[[bytes, Inbound], Call]
    bridges: Mapping[str, Bridge]
    voice: Voice = OPENAI
    is_job: bool = False
    spoken: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spoken", frozenset(self.bridges))


_CHAT: Final = {
    "openai": openai.CHAT,
    "pollinations": pollinations.CHAT,
    "anthropic": bridge(chat_writer.NEAR, anthropic_reader.FAR),
    "gemini": bridge(chat_writer.NEAR, gemini_reader.FAR),
}
_MESSAGES: Final = {
    "anthropic": anthropic.MESSAGES,
    "openai": bridge(messages_writer.NEAR, openai_reader.FAR),
    "gemini": bridge(messages_writer.NEAR, gemini_reader.FAR),
    "pollinations": bridge(messages_writer.NEAR, pollinations.FAR),
}
_EMBEDDINGS: Final = {
    "openai": embeddings.OPENAI,
    "gemini": gemini_embeddings.EMBEDDINGS,
}
_MODERATIONS: Final = {"openai": moderations.OPENAI}
_RESPONSES: Final = {
    "anthropic": bridge(responses_writer.NEAR, anthropic_reader.FAR),
    "openai": bridge(responses_writer.NEAR, openai_reader.FAR),
    "gemini": bridge(responses_writer.NEAR, gemini_reader.FAR),
    "pollinations": bridge(responses_writer.NEAR, pollinations.FAR),
}
_COMPLETIONS: Final = {
    "anthropic": bridge(completions.NEAR, anthropic_reader.FAR),
    "openai": bridge(completions.NEAR, openai_reader.FAR),
    "gemini": bridge(completions.NEAR, gemini_reader.FAR),
    "pollinations": bridge(completions.NEAR, pollinations.FAR),
}
_IMAGES: Final = {
    "openai": images.GENERATIONS,
    "pollinations": pollinations.IMAGES,
    "gemini": gemini_images.GENERATIONS,
}
_IMAGE_EDITS: Final = {
    "openai": images.EDITS,
    "gemini": gemini_images.EDITS,
}
_API_IMAGE: Final = {
    "openai": images.PLAIN,
    "pollinations": pollinations.PLAIN,
    "gemini": gemini_images.PLAIN,
}
_SPEECH: Final = {"openai": speech.OPENAI}
_VIDEO: Final = {
    "openai": video.OPENAI,
    "pollinations": video.POLLINATIONS,
}
_TRANSCRIPTIONS: Final = {"openai": transcriptions.OPENAI}
_TRANSLATIONS: Final = {"openai": transcriptions.OPENAI_TRANSLATIONS}
SURFACES: Final[dict[str, Surface]] = {
    "chat": Surface(modality="chat", parse=openai_request.parse, bridges=_CHAT),
    "api_chat": Surface(modality="chat", parse=cloudgpt.parse_chat, bridges=_CHAT),
    "messages": Surface(modality="chat", parse=messages_request.parse, bridges=_MESSAGES, voice=ANTHROPIC),
    "embeddings": Surface(modality="embedding", parse=embeddings.parse, bridges=_EMBEDDINGS),
    "moderations": Surface(modality="moderation", parse=moderations.parse, bridges=_MODERATIONS),
    "speech": Surface(modality="speech", parse=speech.parse, bridges=_SPEECH, voice=BINARY),
    "transcriptions": Surface(modality="transcription", parse=transcriptions.parse, bridges=_TRANSCRIPTIONS),
    "translations": Surface(
        modality="transcription", parse=transcriptions.parse_translation, bridges=_TRANSLATIONS
    ),
    "responses": Surface(modality="chat", parse=responses_request.parse, bridges=_RESPONSES, voice=RESPONSES),
    "completions": Surface(modality="chat", parse=completions.parse, bridges=_COMPLETIONS),
    "images": Surface(modality="image", parse=image_request.parse, bridges=_IMAGES),
    "image_edits": Surface(modality="image", parse=image_request.parse_edit, bridges=_IMAGE_EDITS),
    "api_image": Surface(modality="image", parse=image_request.parse_plain, bridges=_API_IMAGE),
    "videos": Surface(modality="video", parse=video.parse, bridges=_VIDEO, is_job=True),
    "api_video": Surface(modality="video", parse=video.parse_plain, bridges=_VIDEO, is_job=True),
}
# Upstream dialects by modality, over all surfaces: what the catalog calls available.
SPOKEN: Final[dict[str, frozenset[str]]] = {
    modality: frozenset().union(*(s.spoken for s in SURFACES.values() if s.modality == modality))
    for modality in {surface.modality for surface in SURFACES.values()}
}
