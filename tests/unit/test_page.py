"""The control-room page's files: what they load, what they are, and their own tests in node."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("dashboards").joinpath("control_room/static")))
TESTS = Path(__file__).parent / "page"
VENDORED = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| (\S+) \| ([0-9a-f]{64}) \|", re.MULTILINE)
OWN = sorted(file for file in STATIC.rglob("*") if file.is_file() and "vendor" not in file.parts)


def test_the_page_s_modules_pass_their_tests_in_node():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's own tests did not run")
    version = tuple(int(part) for part in _run(node, "--version").stdout.strip().lstrip("v").split("."))
    if version < (20, 19):
        pytest.skip(f"node {'.'.join(map(str, version))} reads no modules named .js: 20.19 and newer do")
    result = _run(node, "--test", *map(str, sorted(TESTS.glob("*.test.mjs"))))
    assert result.returncode == 0, result.stdout[-6000:]


def _run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_vendored_files_are_what_was_published():
    listed = {
        path: (name, digest)
        for name, _, _, path, digest in VENDORED.findall((STATIC / "vendor/VENDORED.md").read_text("utf-8"))
    }
    found = {
        str(file.relative_to(STATIC / "vendor"))
        for file in (STATIC / "vendor").rglob("*")
        if file.suffix in {".js", ".css"}
    }
    assert set(listed) == found
    for path, (name, digest) in listed.items():
        assert hashlib.sha256((STATIC / "vendor" / path).read_bytes()).hexdigest() == digest, name
        assert (STATIC / "vendor" / path).parent.joinpath("LICENSE").exists(), name


def test_the_page_names_every_module_it_loads():
    """Else the browser finds them one after the other."""
    preloaded = re.findall(r'rel="modulepreload" href="/static/([^"]+)"', (STATIC / "index.html").read_text("utf-8"))
    reached: set[Path] = set()
    waiting = [STATIC / "js/main.js"]
    while waiting:
        module = waiting.pop().resolve()
        if module in reached:
            continue
        reached.add(module)
        imports = re.findall(r'(?:from|import)\s*"(\.[^"]+)"', module.read_text("utf-8"))
        waiting += [module.parent / name for name in imports]
    assert sorted(preloaded) == sorted(str(module.relative_to(STATIC.resolve())) for module in reached)


def test_no_module_of_the_page_is_left_over():
    preloaded = re.findall(r'href="/static/(js/[^"]+)"', (STATIC / "index.html").read_text("utf-8"))
    assert sorted(preloaded) == sorted(str(file.relative_to(STATIC)) for file in STATIC.joinpath("js").rglob("*.js"))


def test_every_file_the_page_names_is_there():
    text = "\n".join(file.read_text("utf-8") for file in OWN)
    for name in re.findall(r'"/static/([^"?#]+)"', text):
        assert STATIC.joinpath(name).exists(), name


@pytest.mark.parametrize("file", OWN, ids=lambda file: str(file.relative_to(STATIC)))
def test_nothing_of_the_page_comes_from_elsewhere(file):
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"""["'(]\s*(?:https?:)?//[\w.-]+""", text)


@pytest.mark.parametrize("file", OWN, ids=lambda file: str(file.relative_to(STATIC)))
def test_nothing_of_the_page_needs_a_looser_content_policy(file):
    text = file.read_text("utf-8")
    assert "innerHTML" not in text
    assert not re.search(r"\beval\(|new Function\(", text)
    if file.suffix == ".html":
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", text)


@pytest.mark.parametrize("file", [file for file in OWN if file.suffix in {".js", ".css"}], ids=lambda file: file.name)
def test_a_module_of_the_page_fits_its_noun(file):
    assert len(file.read_text("utf-8").splitlines()) <= 400
