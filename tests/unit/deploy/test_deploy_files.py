"""docker-compose.yml, the Dockerfile and what lies beside them: what can be known without a Docker engine."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from bypuls.cli import app
from bypuls.mosquitto_config import MosquittoOptions, mosquitto_config
from deploy.make_secrets import DEVICES, PASSWORDS

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
LAN = yaml.safe_load((ROOT / "deploy/compose.lan.yml").read_text())
SERVICES = COMPOSE["services"]
ONCE = {"hand-out", "migrate", "demo-city"}
OURS = {name for name, service in SERVICES.items() if service["image"].startswith("bypuls:")}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_every_image_is_pinned_to_a_version(name):
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+[\w.-]*", tag), f"{image}:{tag}"


def test_the_images_are_the_ones_the_project_names():
    images = {service["image"] for service in SERVICES.values()} - {"bypuls:0.1.0"}
    assert images == {"eclipse-mosquitto:2.1.2", "timescale/timescaledb:2.29.2-pg17", "grafana/grafana:13.2.3"}


def test_our_image_has_the_packages_version():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert {SERVICES[name]["image"] for name in OURS} == {f"bypuls:{version}"}
    assert f"ARG VERSION={version}\n" in DOCKERFILE
    assert {SERVICES[name]["build"]["args"]["VERSION"] for name in OURS} == {version}


@each_service
def test_nothing_listens_beyond_loopback(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"
    assert "network_mode" not in SERVICES[name] or SERVICES[name]["network_mode"] == "none"


def test_the_lan_file_opens_the_brokers_port_with_tls_and_nothing_else():
    assert set(LAN["services"]) == {"hand-out", "mosquitto"}
    assert [port.rsplit(":", 2)[1:] for port in LAN["services"]["mosquitto"]["ports"]] == [["8883", "8883"]]
    listener = (ROOT / "deploy/mosquitto/lan.conf").read_text()
    assert "listener 8883" in listener
    assert "certfile /run/bypuls/server.crt" in listener
    assert "keyfile /run/bypuls/server.key" in listener


@each_service
def test_a_service_is_healthy_or_ends(name):
    service = SERVICES[name]
    if name in ONCE:
        assert service["restart"] == "no"
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]


@each_service
def test_a_service_waits_for_what_it_needs(name):
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if needed in ONCE else "service_healthy"
        assert how["condition"] == wanted, f"{name} -> {needed}"


def test_what_ends_is_waited_for_by_what_stays():
    """Or 'up --wait' takes its end for a failure (docker/compose issue 10596)."""
    adopted = {
        needed for name, service in SERVICES.items() if name not in ONCE for needed in service.get("depends_on", {})
    }
    assert adopted >= ONCE


def test_nothing_that_reads_tables_starts_before_the_schema_is_there():
    for name in ("ingest", "process", "bridge", "api", "grafana", "demo-city"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


@each_service
def test_a_service_can_do_little_on_its_machine(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") or name == "timescaledb"
    assert service.get("privileged") is None
    assert set(service.get("cap_add", [])) == set() or name in {"hand-out", "timescaledb"}
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} == set(limits)
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert "/var/run/docker.sock" not in json.dumps(service)


def test_only_the_one_that_hands_secrets_out_runs_as_root_and_it_has_no_network():
    assert [name for name, service in SERVICES.items() if service.get("user", "").startswith("0")] == ["hand-out"]
    assert SERVICES["hand-out"]["network_mode"] == "none"


@each_service
def test_no_password_stands_in_the_file(name):
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search("PASSWORD|SECRET|TOKEN|URL", variable):
            assert str(value).startswith("/run/bypuls"), f"{name}: {variable}"


def test_every_secret_is_made_by_make_secrets_and_goes_through_the_hand_out_alone():
    assert set(COMPOSE["secrets"]) == {*PASSWORDS, DEVICES} == set(SERVICES["hand-out"]["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"] == f"${{BYPULS_SECRETS_FOLDER:-./deploy/secrets}}/{name}"
    assert [name for name, service in SERVICES.items() if "secrets" in service] == ["hand-out"]


def test_every_service_sees_its_own_secrets_only():
    mounts = {
        name: [volume for volume in service.get("volumes", []) if volume.startswith("secrets-")]
        for name, service in SERVICES.items()
        if name != "hand-out"
    }
    shared = {"migrate": "owner", "demo-city": "owner"}
    for name, found in mounts.items():
        assert found == [f"secrets-{shared.get(name, name)}:/run/bypuls:ro"]


def test_secrets_never_reach_the_repository_or_the_image():
    ignored = subprocess.run(["git", "check-ignore", "deploy/secrets/x"], cwd=ROOT, capture_output=True, check=False)
    assert ignored.returncode == 0 or not (ROOT / ".git").exists()
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    packages = re.search(r"^packages = \[(.+)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    files = {"constraints.txt", "pyproject.toml", "README.md", "LICENSE"}
    assert set(kept) == files | set(re.findall(r'"(\w+)"', packages))


def commands_of(service):
    words = service["command"]
    if "entrypoint" not in service:
        return [words]
    return [shlex.split(part.partition(">")[0])[1:] for part in " ".join(words).split("&&") if "bypuls " in part]


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_is_one_of_the_program(name):
    for words in commands_of(SERVICES[name]):
        found = typer.main.get_command(app)
        for word in words:
            if word.startswith(("-", "/")):
                break
            assert word in getattr(found, "commands", {}), words
            found = found.commands[word]
        options = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_ingest_keeps_its_name_at_the_broker():
    assert SERVICES["ingest"]["environment"]["BYPULS_INGEST_INSTANCE"]


def test_every_file_that_is_mounted_is_there():
    volumes = [
        one for file in (COMPOSE, LAN) for service in file["services"].values() for one in service.get("volumes", [])
    ]
    sources = {volume.split(":")[0] for volume in volumes}
    assert {source for source in sources if source.startswith("./") and not (ROOT / source).exists()} == set()
    assert {source for source in sources if not source.startswith("./")} == set(COMPOSE["volumes"])


def test_the_image_builds_in_one_stage_and_runs_in_another_without_its_tools():
    build, run = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    bases = [stage.split()[0] for stage in (build, run)]
    assert bases[0] == bases[1]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", bases[0])
    assert "-c constraints.txt" in build
    assert "pip" not in re.sub("#.*", "", run).split("COPY --from=build")[1]
    assert re.search(r"^USER 10001:10001$", run, re.MULTILINE)
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in run
    assert re.search(r"^HEALTHCHECK|docker-compose.yml says it for each", run, re.MULTILINE)


def test_the_broker_is_told_what_our_own_broker_is():
    def told(text):
        lines = [line.split("#")[0].strip() for line in text.splitlines()]
        return {tuple(line.split(" ", 1)) for line in lines if line}

    ours = told(mosquitto_config(MosquittoOptions(users={"a": "b"}, rules="x")))
    theirs = told((ROOT / "deploy/mosquitto/mosquitto.conf").read_text())
    places = {"listener", "persistence_location", "password_file", "acl_file", "include_dir"}
    assert {one for one in ours if one[0] not in places} == {one for one in theirs if one[0] not in places}


def test_grafana_finds_the_data_source_the_boards_ask_for():
    source = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/bypuls.yaml").read_text())["datasources"][
        0
    ]
    assert (source["uid"], source["user"]) == ("bypuls-postgres", "grafana_ro")
    assert source["jsonData"]["database"] == SERVICES["timescaledb"]["environment"]["POSTGRES_DB"]
    variable = source["secureJsonData"]["password"].removeprefix("$")
    assert f"{variable}__FILE" in SERVICES["grafana"]["environment"]
    provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/bypuls.yaml").read_text())["providers"][0]
    mounted = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    assert mounted["./dashboards/json"] == provider["options"]["path"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "dashboards/json" / Path(home).name).exists()
    for file in (ROOT / "dashboards/json").glob("*.json"):
        board = json.loads(file.read_text())
        assert "panels" in board, f"{file.name}: Grafana takes every file of this folder for a board"
        assert set(re.findall(r'"uid": "(bypuls-\w+)"', file.read_text())) <= {source["uid"]}


def test_actions_of_the_workflows_are_pinned_to_a_commit():
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(file.read_text())
        assert workflow["permissions"] == {"contents": "read"}
        for step in (step for job in workflow["jobs"].values() for step in job["steps"]):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", f"a/b@{'0' * 40}"))
