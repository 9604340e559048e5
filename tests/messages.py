"""Streams of the Messages API as a strict client reads them."""

import json
from typing import Any


def accumulated(payloads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Content as a strict client puts it together: one open block, indexes 0, 1, …, all of them ended."""
    assert payloads[0]["type"] == "message_start"
    assert [payload["type"] for payload in payloads[-2:]] == ["message_delta", "message_stop"]
    blocks: list[dict[str, Any]] = []
    pieces = ""
    is_open = False
    for payload in payloads[1:-2]:
        if payload["type"] == "content_block_start":
            assert not is_open
            assert payload["index"] == len(blocks)
            blocks.append(dict(payload["content_block"]))
            is_open, pieces = True, ""
            continue
        assert is_open
        assert payload["index"] == len(blocks) - 1
        if payload["type"] == "content_block_stop":
            if blocks[-1]["type"] == "tool_use" and pieces:
                blocks[-1]["input"] = json.loads(pieces)
            is_open = False
        elif payload["delta"]["type"] == "input_json_delta":
            pieces += payload["delta"]["partial_json"]
        else:
            name = payload["delta"]["type"].removesuffix("_delta")
            assert name in {blocks[-1]["type"], "signature"}
            blocks[-1][name] += payload["delta"][name]
    assert not is_open
    return blocks
