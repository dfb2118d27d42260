"""A client that knows docs/PROTOCOL.md and nothing else gets on with a real server."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = (
    "circle", "client", "device", "digests", "newsroom", "rfc6455", "test_accounts", "test_moments", "test_squares"
)  # fmt: skip
LIBRARIES = {*sys.stdlib_module_names, "blake3", "msgpack", "pytest"}
PATIENCE_S = 60.0


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server of its own, as it is without any configuration."""
    serve = [sys.executable, "-m", "server", "serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data")]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, cwd=ROOT) as server,
    ):
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["listening"]
        finally:
            server.terminate()
            server.wait(PATIENCE_S)


def test_a_client_written_from_the_page_alone_gets_on_with_the_server(url: str) -> None:
    script = [sys.executable, "-m", "tests.conformance.client", url]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())


def test_the_script_says_so_when_a_check_does_not_hold() -> None:
    script = [sys.executable, "-m", "tests.conformance.client", "ws://127.0.0.1:1"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert all(line.startswith("FAIL ") for line in done.stdout.splitlines())


def test_the_script_uses_nothing_of_the_project() -> None:
    for name in SCRIPT:
        tree = ast.parse((Path(__file__).with_name(f"{name}.py")).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                ours = module.removeprefix("tests.conformance.")
                assert ours in {*SCRIPT, "tests.conformance"} or module.partition(".")[0] in LIBRARIES
