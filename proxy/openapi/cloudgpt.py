"""CloudGPT's plain addresses as its documentation has them."""

from typing import Final

from proxy.openapi.chat import ANSWERS, FIELDS
from proxy.openapi.operation import Operation
from proxy.openapi.schema import Schema, binary, number, obj, text, whole

_PROMPT: Final = text(minLength=1, maxLength=32_000)
_KEYLESS: Final = "Without a key: free models only, {} requests per minute and address. With one: {}."
SCHEMAS: Final[dict[str, Schema]] = {}

OPERATIONS: Final = (
    Operation(
        path="/api/chat",
        id="cloudgptChat",
        tag="CloudGPT",
        summary="Chat",
        description=_KEYLESS.format(10, 60),
        body=obj(
            "model messages",
            **FIELDS,
            temperature=number("0.7 if left out.", low=0, high=2),
        ),
        answers=ANSWERS,
        keyless=True,
        example={"model": "openai", "messages": [{"role": "user", "content": "Write a haiku about AI"}]},
    ),
    Operation(
        path="/api/image",
        id="cloudgptImage",
        tag="CloudGPT",
        summary="Image",
        description=_KEYLESS.format(5, 30),
        body=obj(
            "prompt model",
            prompt=_PROMPT,
            model=text("See GET /api/models/image."),
            width=whole(low=64, high=8192, default=1024),
            height=whole(low=64, high=8192, default=1024),
            seed=whole("The same seed draws the same image."),
        ),
        answers={"image/png": binary(), "image/jpeg": binary()},
        keyless=True,
        example={"model": "flux", "prompt": "A futuristic city at night", "width": 1024, "height": 1024},
    ),
    Operation(
        path="/api/video",
        id="cloudgptVideo",
        tag="CloudGPT",
        summary="Video",
        description=_KEYLESS.format(2, 10) + " The answer comes when the video is ready.",
        body=obj(
            "prompt model",
            prompt=_PROMPT,
            model=text("See GET /api/models/video."),
            duration=whole("Seconds, at most the model's maxDuration.", low=1, default=4),
            width=whole(low=1, default=1280),
            height=whole(low=1, default=720),
        ),
        answers={"video/mp4": binary()},
        keyless=True,
        example={"model": "seedance", "prompt": "Ocean waves", "duration": 4},
    ),
)
