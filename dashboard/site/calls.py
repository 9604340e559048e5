"""Samples of calls: one call of each kind in Python, Node.js and curl, for the SDKs of OpenAI."""

import json
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.utils.translation import gettext

type Texts = dict[str, str]  # Pygments' name of the language → code
KEY: Final = "cap-..."


def base_url() -> str:
    """What SDKs of OpenAI are pointed at."""
    return f"{settings.API_BASE_URL.rstrip('/')}/v1"


def texts(modality: str, model: str) -> Texts:
    """The call of this kind; a kind that has no sample is shown as chat."""
    return _KINDS.get(modality, _chat)(model)


def _quoted(text: str) -> str:
    """A string literal of Python, JavaScript and JSON at once."""
    return json.dumps(text, ensure_ascii=False)


def _python(body: str, *, imports: str = "") -> str:
    return (
        f"{imports}from openai import OpenAI\n\n"
        f"client = OpenAI(\n    api_key={_quoted(KEY)},\n    base_url={_quoted(base_url())},\n)\n\n{body}"
    )


def _node(body: str, *, imports: str = "") -> str:
    return (
        f'import OpenAI from "openai";\n{imports}\n'
        f"const client = new OpenAI({{\n  apiKey: {_quoted(KEY)},\n"
        f"  baseURL: {_quoted(base_url())},\n}});\n\n"
        f"{body}"
    )


def _curl(path: str, body: dict[str, object], *, save: str = "") -> str:
    document = json.dumps(body, ensure_ascii=False, indent=2).replace("'", "'\\''")
    tail = f" \\\n  --output {save}" if save else ""
    return (
        f'curl {base_url()}{path} \\\n  -H "Authorization: Bearer {KEY}" \\\n'
        f"  -H \"Content-Type: application/json\" \\\n  -d '{document}'{tail}"
    )


def _chat(model: str) -> Texts:
    prompt = gettext("Explain what a token is.")
    return {
        "python": _python(
            "answer = client.chat.completions.create(\n"
            f"    model={_quoted(model)},\n"
            f'    messages=[{{\n        "role": "user",\n        "content": {_quoted(prompt)},\n    }}],\n'
            ")\nprint(answer.choices[0].message.content)"
        ),
        "javascript": _node(
            "const answer = await client.chat.completions.create({\n"
            f"  model: {_quoted(model)},\n"
            f'  messages: [{{\n    role: "user",\n    content: {_quoted(prompt)},\n  }}],\n'
            "});\nconsole.log(answer.choices[0].message.content);"
        ),
        "bash": _curl(
            "/chat/completions", {"model": model, "messages": [{"role": "user", "content": prompt}]}
        ),
    }


def _embedding(model: str) -> Texts:
    text = gettext("The Registan is a square in Samarkand.")
    return {
        "python": _python(
            "answer = client.embeddings.create(\n"
            f"    model={_quoted(model)},\n    input={_quoted(text)},\n)\n"
            "print(answer.data[0].embedding[:5])"
        ),
        "javascript": _node(
            "const answer = await client.embeddings.create({\n"
            f"  model: {_quoted(model)},\n  input: {_quoted(text)},\n"
            "});\nconsole.log(answer.data[0].embedding.slice(0, 5));"
        ),
        "bash": _curl("/embeddings", {"model": model, "input": text}),
    }


def _image(model: str) -> Texts:
    prompt = gettext("The Registan at dawn, in watercolour")
    return {
        "python": _python(
            "answer = client.images.generate(\n"
            f"    model={_quoted(model)},\n    prompt={_quoted(prompt)},\n)\n"
            'with open("image.png", "wb") as file:\n'
            "    file.write(base64.b64decode(answer.data[0].b64_json))",
            imports="import base64\n",
        ),
        "javascript": _node(
            "const answer = await client.images.generate({\n"
            f"  model: {_quoted(model)},\n  prompt: {_quoted(prompt)},\n"
            '});\nawait writeFile("image.png", Buffer.from(answer.data[0].b64_json, "base64"));',
            imports='import { writeFile } from "node:fs/promises";\n',
        ),
        "bash": _curl("/images/generations", {"model": model, "prompt": prompt}, save="image.json"),
    }


def _video(model: str) -> Texts:
    prompt = gettext("Clouds over the Chimgan mountains")
    return {
        "python": _python(
            "video = client.videos.create_and_poll(\n"
            f'    model={_quoted(model)},\n    prompt={_quoted(prompt)},\n    seconds="4",\n)\n'
            'client.videos.download_content(video.id).write_to_file("video.mp4")'
        ),
        "bash": _curl("/videos", {"model": model, "prompt": prompt, "seconds": "4"}),
    }


def _speech(model: str) -> Texts:
    text = gettext("Good morning! Today is a fine day.")
    return {
        "python": _python(
            "answer = client.audio.speech.create(\n"
            f'    model={_quoted(model)},\n    voice="alloy",\n    input={_quoted(text)},\n)\n'
            'answer.write_to_file("speech.mp3")'
        ),
        "javascript": _node(
            "const answer = await client.audio.speech.create({\n"
            f'  model: {_quoted(model)},\n  voice: "alloy",\n  input: {_quoted(text)},\n'
            '});\nawait writeFile("speech.mp3", Buffer.from(await answer.arrayBuffer()));',
            imports='import { writeFile } from "node:fs/promises";\n',
        ),
        "bash": _curl("/audio/speech", {"model": model, "voice": "alloy", "input": text}, save="speech.mp3"),
    }


def _transcription(model: str) -> Texts:
    return {
        "python": _python(
            'with open("speech.mp3", "rb") as file:\n'
            "    answer = client.audio.transcriptions.create(\n"
            f"        model={_quoted(model)},\n        file=file,\n    )\n"
            "print(answer.text)"
        ),
        "javascript": _node(
            "const answer = await client.audio.transcriptions.create({\n"
            f'  model: {_quoted(model)},\n  file: createReadStream("speech.mp3"),\n'
            "});\nconsole.log(answer.text);",
            imports='import { createReadStream } from "node:fs";\n',
        ),
        "bash": (
            f'curl {base_url()}/audio/transcriptions \\\n  -H "Authorization: Bearer {KEY}" \\\n'
            f"  -F model={model} \\\n  -F file=@speech.mp3"
        ),
    }


def _moderation(model: str) -> Texts:
    text = gettext("What a wonderful day!")
    return {
        "python": _python(
            "answer = client.moderations.create(\n"
            f"    model={_quoted(model)},\n    input={_quoted(text)},\n)\n"
            "print(answer.results[0].flagged)"
        ),
        "javascript": _node(
            "const answer = await client.moderations.create({\n"
            f"  model: {_quoted(model)},\n  input: {_quoted(text)},\n"
            "});\nconsole.log(answer.results[0].flagged);"
        ),
        "bash": _curl("/moderations", {"model": model, "input": text}),
    }


_KINDS: Final[dict[str, Callable[[str], Texts]]] = {
    "embedding": _embedding,
    "image": _image,
    "video": _video,
    "speech": _speech,
    "transcription": _transcription,
    "moderation": _moderation,
}
