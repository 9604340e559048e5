"""The laws of the code base that no tool of ours checks otherwise."""

import ast
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from proxy.routes import BILLABLE
from tests.embedded import ROOT

APPS = ("accounts", "routing", "billing", "proxy", "dashboard", "cloudapi")
OURS = (*APPS, "deploy", "benchmarks", "tests")
FUNCTION_LINES, FILE_LINES = 50, 400
VAGUE = {"utils.py", "helpers.py", "services.py", "common.py"}
# Rooms where an amount of money or a price passes through.
MONEY = (
    "billing",
    "proxy/meter.py",
    "proxy/plan.py",
    "routing/catalog",
    "routing/choose.py",
    "routing/snaps.py",
)
# Rooms of Decimals: a division there is exact enough, a float is not.
DECIMALS = tuple(f"routing/energy/{name}.py" for name in ("claim", "ladder", "pricing", "smoothing"))
# Where anything may come, and has to be turned into an answer or a log line instead of a dead worker.
RIMS = re.compile(r"^(proxy/|cloudapi/|deploy/|billing/(tasks|views)\.py|tests/)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*roots: str) -> list[Path]:
    """Our Python files under these folders or files, migrations left out."""
    found = [ROOT / "manage.py", ROOT / "run.py"] if roots == OURS else []
    for root in roots:
        path = ROOT / root
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [path for path in found if path.exists() and "migrations" not in path.parts]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if node is not None and hasattr(node, "lineno") else ""
    return f"{path.relative_to(ROOT)}{line}"


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, Function)]


def test_files_are_short():
    long = [f"{place(path)}: {count}" for path in sources(*OURS) if (count := lines(path)) > FILE_LINES]
    assert not long


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_functions_are_short():
    long = [
        f"{place(path, node)} {node.name}: {size}"
        for path in sources(*OURS)
        for node in functions(path)
        if (size := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long


def test_imports_stand_at_the_top():
    hidden = {
        place(path, inner)
        for path in sources(*OURS)
        for node in functions(path)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert not hidden


def test_files_are_named_by_a_noun():
    assert not [place(path) for path in sources(*APPS) if path.name in VAGUE]


def test_errors_are_caught_by_name():
    broad = [
        place(path, node)
        for path in sources(*APPS)
        if not RIMS.match(str(path.relative_to(ROOT)))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
    ]
    assert not broad


def test_no_float_near_money():
    floats = [
        f"{place(path, node)} {ast.unparse(node)}"
        for path in sources(*MONEY)
        for node in ast.walk(tree(path))
        if _is_float(node)
    ]
    assert not floats


def test_no_float_among_decimals():
    nodes = [(path, node) for path in sources(*DECIMALS) for node in ast.walk(tree(path))]
    assert not [
        place(path, node) for path, node in nodes if not isinstance(node, ast.BinOp) and _is_float(node)
    ]


def _is_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    if isinstance(node, ast.Call):
        return getattr(node.func, "id", "") == "float"
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _is_exact(node)


def _is_exact(node: ast.BinOp) -> bool:
    """A division of decimals, or `folder / "name"`, which is none."""
    if "Decimal" in ast.unparse(node):
        return True
    sides = (node.left, node.right)
    return any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides) or any(
        "path" in ast.unparse(side).lower() or "dir" in ast.unparse(side).lower() for side in sides
    )


def test_the_import_contracts_hold():
    command = [str(Path(sys.executable).with_name("lint-imports"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_locks_name_no_registry():
    locks = [
        path for path in tracked() if path.endswith((".lock", "package-lock.json")) or "requirements" in path
    ]
    assert "requirements.lock" in locks
    assert not [
        f"{path}:{number}"
        for path in locks
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if "://" in line
    ]


@cache
def tracked() -> tuple[str, ...]:
    """Files under version control; skips in a copy without it."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("no git checkout")
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(path for path in listing.stdout.splitlines() if (ROOT / path).is_file())


def test_every_billable_route_is_documented():
    documented = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert not [path for path, route in BILLABLE.items() if f"{route.method} {path}" not in documented]
