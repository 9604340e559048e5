"""The real Codex CLI does one task against the gateway; the model's part is told by the test upstream."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Caller
from tests.live.test_leaving import IN, OUT, outcome
from tests.sdk.packages import AGENTS, node_folder
from tests.stack import Stack

CONFIG = """
model = "test/one"
model_provider = "cloudapi"

[model_providers.cloudapi]
name = "CloudAPI"
base_url = "{url}/v1"
env_key = "CLOUDAPI_KEY"
wire_api = "responses"
"""
STEPS: list[dict[str, Any]] = [
    {
        "reasoning": "Avval faylni koʻraman.",
        "tool_calls": [
            {"name": "exec_command", "arguments": {"cmd": "ls"}},
            {"name": "exec_command", "arguments": {"cmd": "cat sum.py"}},
        ],
    },
    {"tool_calls": [{"name": "exec_command", "arguments": {"cmd": "sed -i 's/a - b/a + b/' sum.py"}}]},
    {"tool_calls": [{"name": "exec_command", "arguments": {"cmd": "python3 sum.py"}}]},
    {"text": "sum.py tuzatildi: 2 + 3 = 5 🙂"},
]


@pytest.mark.slow
def test_codex_mends_a_file(stack: Stack, caller: Caller, tmp_path: Path):
    program = node_folder(AGENTS) / "node_modules" / ".bin" / "codex"
    home, work = tmp_path / "home", tmp_path / "work"
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "config.toml").write_text(CONFIG.format(url=stack.url))
    work.mkdir()
    (work / "sum.py").write_text("def add(a, b):\n    return a - b\n\n\nprint(add(2, 3))\n")
    prompt = json.dumps({"upstream": {"run": "codex", "prompt_tokens": 100, "steps": STEPS}})
    done = subprocess.run(
        [program, "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt],
        cwd=work,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "CLOUDAPI_KEY": caller.key},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "sum.py tuzatildi: 2 + 3 = 5 🙂"
    assert "return a + b" in (work / "sum.py").read_text()
    check_calls(stack, caller)


def check_calls(stack: Stack, caller: Caller) -> None:
    """The upstream saw each result of a tool, and each call was charged once."""
    asked = stack.upstream.finished("codex", 4)
    results = [m["content"] for m in asked[-1]["body"]["messages"] if m["role"] == "tool"]
    assert len(results) == 4
    assert "sum.py" in results[0]
    assert "return a - b" in results[1]
    assert results[-1].rstrip().endswith("5")
    rows = outcome(caller, 4)
    assert {(row["kind"], row["status"], row["input_tokens"]) for row in rows} == {("responses", "ok", 100)}
    produced = sum(entry["completion_tokens"] for entry in asked)
    assert caller.charged() == 4 * 100 * IN + produced * OUT
