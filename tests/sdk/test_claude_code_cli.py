"""The real Claude Code does one task against the gateway; the model's part is told by the test upstream.

The upstream speaks OpenAI's dialect, so that every turn of it is translated.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Caller
from tests.live.test_leaving import outcome
from tests.sdk.packages import AGENTS, node_folder
from tests.stack import Stack

BINARIES = "node_modules/@anthropic-ai"


def steps(work: Path) -> list[dict[str, Any]]:
    """What the model says, answer by answer."""
    file = str(work / "sum.py")
    edit = {"file_path": file, "old_string": "a - b", "new_string": "a + b"}
    run = {"command": "python3 sum.py", "description": "Run it"}
    read = {"name": "Read", "arguments": {"file_path": file}}
    listing = {"name": "Bash", "arguments": {"command": "ls", "description": "List files"}}
    return [
        {"reasoning": "Avval faylni koʻraman.", "tool_calls": [listing, read]},
        {"tool_calls": [{"name": "Edit", "arguments": edit}]},
        {"tool_calls": [{"name": "Bash", "arguments": run}]},
        {"text": "sum.py tuzatildi: 2 + 3 = 5 🙂"},
    ]


def program() -> Path:
    """The binary of this platform; skips where npm had none."""
    found = sorted(node_folder(AGENTS).glob(f"{BINARIES}/claude-code-*/claude"))
    if not found:
        pytest.skip("npm has no binary of Claude Code for this platform")
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "cut"], ids=["plain", "broken"])
def test_claude_code_mends_a_file(stack: Stack, caller: Caller, tmp_path: Path, fault: str):
    """Also where the first stream breaks: it asks again, not streamed."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (work / "sum.py").write_text("def add(a, b):\n    return a - b\n\n\nprint(add(2, 3))\n")
    run = f"claude-code-{fault}"
    wishes: dict[str, Any] = {"run": run, "prompt_tokens": 100, "steps": steps(work)}
    broken = {"fault": fault, "fail_times": 1, "fault_at": 1} if fault else {}
    if fault:
        del wishes["steps"][0]["reasoning"]  # of a stream that broke behind a whole block it says so and ends
    done = subprocess.run(
        [program(), "-p", json.dumps({"upstream": wishes | broken}), "--allowedTools", "Read,Edit,Bash"],
        cwd=work,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": stack.url,
            "ANTHROPIC_AUTH_TOKEN": caller.key,
            "ANTHROPIC_MODEL": "test/one",
            "ANTHROPIC_SMALL_FAST_MODEL": "test/one",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "sum.py tuzatildi: 2 + 3 = 5 🙂"
    assert "return a + b" in (work / "sum.py").read_text()
    check_calls(stack, caller, run)
    assert any(not entry["stream"] for entry in stack.upstream.journal(run)) is bool(fault)


def check_calls(stack: Stack, caller: Caller, run: str) -> None:
    """The upstream saw each result of a tool, and what it produced was charged."""
    asked = stack.upstream.journal(run)
    results = max((told(entry) for entry in asked), key=len)
    assert len(results) == 4
    assert {"return a - b" in result for result in results[:2]} == {True, False}
    assert results[-1].rstrip().endswith("5")
    rows = outcome(caller, len(asked))
    assert {row["kind"] for row in rows} == {"messages"}
    assert caller.charged() == sum(row["cost_micros"] for row in rows)
    assert all(row["cost_micros"] > 0 for row in rows if row["status"] == "ok")


def told(entry: dict[str, Any]) -> list[str]:
    """The results of tools in a request, as the upstream got them."""
    return [m["content"] for m in entry["body"]["messages"] if m["role"] == "tool"]
