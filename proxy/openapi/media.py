"""Images, speech, transcription and video as OpenAI documents them (api.md §1.5)."""

from typing import Final

from proxy.openapi.chat import EVENTS, MODEL, STREAM
from proxy.openapi.operation import Operation
from proxy.openapi.schema import (
    Schema,
    binary,
    choice,
    either,
    flag,
    listing,
    number,
    obj,
    ref,
    text,
    upload,
    whole,
)

_SIZE: Final = text("WIDTHxHEIGHT within the model's limits, or `auto`.", examples=["1024x1024"])
_PICTURE: Final[dict[str, Schema]] = {
    "model": MODEL,
    "prompt": text(minLength=1, maxLength=32_000),
    "n": whole("How many.", low=1, high=10),
    "size": _SIZE,
    "quality": text(),
    "background": text(),
    "output_format": choice("png", "jpeg", "webp"),
    "response_format": choice("url", "b64_json"),
    "user": text(),
}
_FORMATS: Final = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_SOUNDS: Final = ("mpeg", "ogg", "opus", "aac", "flac", "wav", "pcm", "L16")
_TRANSCRIPT: Final[dict[str, Schema]] = {
    "file": upload("wav, mp3, ogg, flac, m4a or webm."),
    "model": MODEL,
    "prompt": text(),
    "response_format": choice("json", "text", "srt", "vtt", "verbose_json"),
    "temperature": number(low=0, high=1),
}
_FILM: Final[dict[str, Schema]] = {
    "model": MODEL,
    "prompt": text(minLength=1, maxLength=32_000),
    "seconds": either(text(), whole(low=1)),
    "duration": whole("The same as `seconds`.", low=1),
    "size": text("WIDTHxHEIGHT within the model's limits.", examples=["1280x720"]),
}
_TOLD: Final = {"application/json": obj(text=text()), "text/plain": text()}

SCHEMAS: Final[dict[str, Schema]] = {
    "Images": obj(
        "created data",
        created=whole(),
        data=listing(obj(b64_json=text(), url=text(), revised_prompt=text())),
    ),
    "VideoJob": obj(
        "id object status model",
        id=text(),
        object=choice("video"),
        status=text("queued, in_progress, completed or failed"),
        model=text(),
        progress=number(),
        created_at=whole(),
        seconds=either(text(), whole()),
        size=text(),
    ),
}

OPERATIONS: Final = (
    Operation(
        path="/v1/images/generations",
        id="createImage",
        tag="Images",
        summary="Generate images",
        body=obj("model prompt", **_PICTURE),
        answers={"application/json": ref("Images")},
        example={"model": "flux", "prompt": "A blue dome in Samarkand"},
    ),
    Operation(
        path="/v1/images/edits",
        id="editImage",
        tag="Images",
        summary="Edit images",
        form=obj("model prompt image", **_PICTURE, image=upload(), mask=upload()),
        answers={"application/json": ref("Images")},
    ),
    Operation(
        path="/v1/audio/speech",
        id="createSpeech",
        tag="Audio",
        summary="Text to speech",
        body=obj(
            "model input voice",
            model=MODEL,
            input=text(minLength=1, maxLength=4096),
            voice=text(),
            response_format=choice(*_FORMATS),
            speed=number(low=0.25, high=4),
            instructions=text(),
            stream_format=choice("audio", "sse"),
        ),
        answers={f"audio/{kind}": binary() for kind in _SOUNDS} | {EVENTS: STREAM},
        example={"model": "openai/tts-1", "input": "Salom!", "voice": "alloy"},
    ),
    Operation(
        path="/v1/audio/transcriptions",
        id="createTranscription",
        tag="Audio",
        summary="Transcribe speech",
        form=obj("file model", **_TRANSCRIPT, language=text(), stream=flag()),
        answers={**_TOLD, EVENTS: STREAM},
    ),
    Operation(
        path="/v1/audio/translations",
        id="createTranslation",
        tag="Audio",
        summary="Translate speech into English",
        form=obj("file model", **_TRANSCRIPT),
        answers=_TOLD,
    ),
    Operation(
        path="/v1/videos",
        id="createVideo",
        tag="Videos",
        summary="Create a video",
        description="Answers at once; the job's state and content are read by its id.",
        body=obj("model prompt", **_FILM),
        form=obj("model prompt", **_FILM, input_reference=upload("A picture to begin with.")),
        answers={"application/json": ref("VideoJob")},
        example={"model": "seedance", "prompt": "A cat on the Registan", "seconds": "4"},
    ),
)
