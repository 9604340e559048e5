"""The canned answer of the benchmark's upstream, the same from nginx and from the asyncio server."""

import json

BODY = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Salom! Men sizga qanday yordam bera olaman?"},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 24, "completion_tokens": 14, "total_tokens": 38},
    },
    separators=(",", ":"),
)
REQUEST = json.dumps(
    {
        "model": "bench/model",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Salom! What can you do for me today?"},
        ],
        "max_tokens": 200,
    }
)
PATH = "/v1/chat/completions"
