"""A rich, good body for each surface: what tests of all routes bend, and what a walk over them sends."""

import base64
from typing import Any

from tests.upstream.pictures import png

_PICTURE = "data:image/png;base64," + base64.b64encode(png((8, 8), "x")).decode()
_TOOL = {
    "name": "weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Buxoro"}'},
}
_SCHEMA = {"name": "answer", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}

CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Salom!"},
                {"type": "image_url", "image_url": {"url": _PICTURE}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Sunny"},
    ],
    "tools": [{"type": "function", "function": _TOOL}],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "parallel_tool_calls": True,
    "response_format": {"type": "json_schema", "json_schema": _SCHEMA},
    "reasoning_effort": "low",
    "stop": ["END"],
    "temperature": 0.5,
    "max_tokens": 50,
    "stream_options": {"include_usage": True},
}
_BLOCK = {"type": "text", "text": "Salom!", "cache_control": {"type": "ephemeral"}}
MESSAGES: dict[str, Any] = {
    "max_tokens": 2000,
    "system": [_BLOCK],
    "messages": [
        {
            "role": "user",
            "content": [
                _BLOCK,
                {
                    "type": "image",
                    "source": {
                        "type": "base64",
                        "media_type": "image/png",
                        "data": _PICTURE.partition(",")[2],
                    },
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hmm", "signature": "s"},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Xiva"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [_BLOCK], "is_error": False}
            ],
        },
    ],
    "tools": [{"name": "weather", "description": "d", "input_schema": _TOOL["parameters"]}],
    "tool_choice": {"type": "tool", "name": "weather"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": _SCHEMA["schema"]}},
    "stop_sequences": ["END"],
    "metadata": {"user_id": "u"},
}
RESPONSES: dict[str, Any] = {
    "instructions": "Be brief.",
    "input": [
        {"type": "message", "role": "developer", "content": "Be kind."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Salom!"},
                {"type": "input_image", "image_url": _PICTURE},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hmm"}]},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
        {
            "type": "function_call_output",
            "call_id": "c1",
            "output": [{"type": "input_text", "text": "Sunny"}],
        },
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "done"},
    ],
    "tools": [
        {"type": "function", **_TOOL},
        {"type": "custom", "name": "patch", "format": {"type": "text"}},
        {"type": "namespace", "name": "n", "tools": [{"type": "function", **_TOOL}]},
        {"type": "web_search"},
    ],
    "tool_choice": {"type": "function", "name": "weather"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"format": {"type": "json_schema", **_SCHEMA}, "verbosity": "low"},
    "max_output_tokens": 50,
    "include": ["reasoning.encrypted_content"],
}
_IMAGE: dict[str, Any] = {"prompt": "Registon", "n": 1, "size": "512x512", "quality": "low"}

# By the surface's name (proxy/surfaces.py), without `model`.
BODIES: dict[str, dict[str, Any]] = {
    "chat": CHAT,
    "api_chat": CHAT,
    "messages": MESSAGES,
    "responses": RESPONSES,
    "completions": {"prompt": ["Salom"], "max_tokens": 5, "echo": True, "n": 1},
    "embeddings": {"input": ["Salom", "Xayr"], "encoding_format": "base64", "dimensions": 8},
    "moderations": {"input": [{"type": "text", "text": "Salom"}]},
    "images": _IMAGE | {"response_format": "b64_json", "output_format": "png", "background": "opaque"},
    "api_image": {"prompt": "Registon", "width": 64, "height": 64, "seed": 1},
    "speech": {"input": "Salom", "voice": "alloy", "response_format": "wav", "speed": 1.5},
    "videos": {"prompt": "Registon", "seconds": "4", "size": "1280x720"},
    "api_video": {"prompt": "Registon", "duration": 4, "width": 1280, "height": 720},
}
