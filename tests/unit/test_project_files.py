"""The files a visitor of the repository, or a catalogue of public software, reads first."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def test_the_readme_leads_with_the_two_commands():
    commands = [line.split("#")[0].strip() for line in (ROOT / "README.md").read_text().splitlines()[:6]]
    assert [command for command in commands if command.startswith("make")] == ["make up", "make test"]


def test_every_variable_the_readme_names_is_read_somewhere():
    named = set(re.findall(r"BYPULS_[A-Z_]+", (ROOT / "README.md").read_text()))
    code = "\n".join(path.read_text() for path in (ROOT / "bypuls").glob("*.py"))
    known = {name for name in named if name in code or name.removeprefix("BYPULS_").lower() in code}
    assert named == known


def test_publiccode_has_what_its_specification_asks_for():
    found = yaml.safe_load((ROOT / "publiccode.yml").read_text())
    assert found["publiccodeYmlVersion"] == "0.5"
    for key in ("name", "url", "platforms", "categories", "developmentStatus", "softwareType", "legal", "localisation"):
        assert found[key]
    for text in found["description"].values():
        assert len(text["shortDescription"]) <= 150
        assert 150 <= len(text["longDescription"]) <= 10_000
        assert text["features"]
    assert found["maintenance"]["type"] in {"none", "internal", "community", "contract"}
    assert found["maintenance"]["type"] == "none" or found["maintenance"]["contacts"]


def test_the_licence_is_the_whole_apache_licence():
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_every_pinned_version_is_exact_and_comes_from_no_named_place():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []


def test_a_python_that_is_too_old_gets_one_clear_line(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python3").write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2'\nexit 1\n")
    (tools / "python3").chmod(0o755)
    for name in ("make", "sh", "bash", "echo", "env"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=False).stdout.strip()
        if found:
            (tools / name).symlink_to(found)
        elif name == "make":
            pytest.skip("no make here")
    done = subprocess.run(
        ["make", "test"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Bypuls needs Python 3.11 or newer, found Python 3.9.2" in done.stderr
    assert not (tmp_path / ".venv").exists()
