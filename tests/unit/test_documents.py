# SPDX-License-Identifier: Apache-2.0
"""What a newcomer reads is true: links lead somewhere, commands and variables exist, containers are well formed."""

import importlib
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import jsonschema
import pytest
import yaml

from engine import commands
from engine.cli import group
from engine.settings import Settings, unknown_variables

TREE = Path(__file__).resolve().parents[2]
PAGES = sorted([*TREE.glob("*.md"), *TREE.glob("docs/**/*.md")])
TEXTS = [
    *PAGES,
    *(TREE / name for name in ("Dockerfile", "docker-compose.yml", "publiccode.yml", "NOTICE", ".ci/role")),
]
COMPOSE = yaml.safe_load((TREE / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("todoke:")}


def name_of(path: Path) -> str:
    return str(path.relative_to(TREE))


@pytest.fixture(scope="module")
def command_line() -> click.Group:
    for module in pkgutil.iter_modules(commands.__path__):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(group)
    return group


# --- pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_something_in_the_tree(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]

    dead = [link for link in targets if not (page.parent / link.partition("#")[0]).exists()]

    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:engine|workflows|connectors|mailbox|tests|docs|requirements|\.ci)/[\w./-]+)`",
        page.read_text("utf-8"),
    )

    missing = sorted({path for path in named if not (TREE / path).exists()})

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_is_shown_exists(page: Path, command_line: click.Group) -> None:
    shown = re.findall(r"\./todoke ([a-z-]+)(?: ([a-z][a-z-]*))?", page.read_text("utf-8"))

    unknown = [" ".join(words) for words in shown if not is_command(command_line, *words)]

    assert shown or page.name not in {"README.md", "README.ja.md"} or page.parent != TREE
    assert unknown == []


def is_command(root: click.Group, name: str, below: str) -> bool:
    found = root.commands.get(name)
    if isinstance(found, click.Group):
        return below == "" or below in found.commands
    return found is not None


@pytest.mark.parametrize("text", TEXTS, ids=name_of)
def test_every_variable_that_is_named_is_a_setting(text: Path) -> None:
    named = re.findall(r"TODOKE_[A-Z_]*[A-Z]", text.read_text("utf-8"))

    assert unknown_variables(dict.fromkeys(named, "")) == []


def test_the_page_for_operators_explains_every_setting() -> None:
    page = (TREE / "docs/operations.md").read_text("utf-8")

    unexplained = [name for name in Settings.model_fields if f"`TODOKE_{name.upper()}`" not in page]

    assert unexplained == []


# Codes in the page on connectors are organisations' own.
@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "connectors.md"], ids=name_of)
def test_every_code_that_is_named_is_in_the_list_of_refusals(page: Path) -> None:
    families = r"(?:invalid|malformed|not-signed-in|not-allowed|no-such|stale|already|unusable|unavailable)"
    named = set(re.findall(rf"`({families}-[a-z-]*[a-z])`", page.read_text("utf-8")))

    assert named - listed_codes() == set()


@pytest.mark.parametrize("text", TEXTS, ids=name_of)
def test_nothing_tells_of_the_place_where_it_was_written(text: Path) -> None:
    written = text.read_text("utf-8")
    without_code = re.sub(r"`[^`]*`", "", re.sub(r"```.*?```", "", written, flags=re.DOTALL))

    hosts = r"pypi\.org|pythonhosted|npmjs|ghcr\.io|docker\.io|deb\.debian|proxy\.golang"
    paths = r"/work/|/root/|/tmp/[a-z]|/home/[a-z]"
    words = r"(?i)\bassistant\b|\bworkplace\b|\bsessions?\b|\bissues?\b|(?<!PKCS)#[0-9]{2,}"
    assert re.findall(f"{hosts}|{paths}", written) == []
    of_the_law = text.parent.name == "life-events"  # what is written there is of the declarations
    assert (
        of_the_law
        or text.name in {"problems.md", "messages.md", "security.md"}
        or not re.findall(words, without_code)
    )


def test_documents_that_the_code_writes_are_fresh() -> None:
    """In a process of their own: here, tests may have registered codes and commands of their own."""
    look = """
import importlib, pkgutil
from pathlib import Path
from engine import commands, generated
from engine.cli import group
for module in pkgutil.iter_modules(commands.__path__):
    importlib.import_module(f"{commands.__name__}.{module.name}").register(group)
print(generated.stale(Path.cwd(), group))
"""
    said = subprocess.run([sys.executable, "-c", look], cwd=TREE, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


def test_the_list_of_refusals_holds_every_code_that_is_registered() -> None:
    registered = {
        code
        for room in ("engine", "mailbox", "connectors")
        for source in (TREE / room).rglob("*.py")
        for code in re.findall(r'^        "([a-z-]+)": Code\(', source.read_text("utf-8"), re.MULTILINE)
    }

    assert registered
    assert registered - listed_codes() == set()


def listed_codes() -> set[str]:
    page = (TREE / "docs/problems.md").read_text("utf-8")
    return set(re.findall(r"^\| `([a-z-]+)` ", page, re.MULTILINE))


def test_every_dependency_is_argued_for() -> None:
    project = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(one for some in project["dependency-groups"].values() for one in some),
    ]
    page = (TREE / "docs/dependencies.md").read_text("utf-8")

    missing = [name for name in (re.match(r"[a-z0-9-]+", one)[0] for one in wanted) if name not in page]

    assert missing == []


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    decisions = sorted(path.name for path in (TREE / "docs/adr").glob("[0-9]*.md"))
    index = (TREE / "docs/adr/README.md").read_text("utf-8")

    assert [name[:4] for name in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert [name for name in decisions if name not in index] == []


@pytest.mark.parametrize("page", sorted((TREE / "docs/adr").glob("[0-9]*.md")), ids=name_of)
def test_a_decision_says_what_it_costs_and_when_it_was_wrong(page: Path) -> None:
    text = page.read_text("utf-8")

    parts = [
        text.find(f"**{name}.**") for name in ("Context", "Decision", "What we give up", "How we would know")
    ]

    assert -1 not in parts
    assert parts == sorted(parts)
    assert len(text) < 4000, "one page"


# --- containers -------------------------------------------------------------------------------------


def test_the_compose_file_is_what_its_specification_allows() -> None:
    schema = json.loads((TREE / "tests/unit/compose-spec.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    checked = jsonschema.Draft202012Validator(schema)

    assert [error.json_path for error in checked.iter_errors(COMPOSE)] == []
    misspelt = COMPOSE | {"services": SERVICES | {"serve": SERVICES["serve"] | {"helthcheck": {}}}}
    assert not checked.is_valid(misspelt)


def test_every_role_is_asked_whether_it_works() -> None:
    for name in ("work", "relay", "post", "push"):
        assert SERVICES[name]["healthcheck"]["test"][-2:] == ["health", name]
        assert SERVICES[name]["environment"]["TODOKE_HEARTBEAT"].startswith("/run/todoke/")  # its own
    assert "healthcheck" not in SERVICES["serve"]  # the image's own asks it
    assert '"health", "serve"' in (TREE / "Dockerfile").read_text("utf-8")


def test_nobody_reaches_the_broker_without_tls() -> None:
    lines = (TREE / ".ci/rabbitmq-tls.conf").read_text("utf-8").splitlines()
    told = dict(line.split(" = ") for line in lines if not line.startswith("#"))
    mounted = {item if isinstance(item, str) else item["source"] for item in SERVICES["rabbitmq"]["secrets"]}

    assert (told["listeners.tcp"], told["listeners.ssl.default"]) == ("none", "5671")
    assert not any(name.startswith("management.tcp") for name in told)
    files = {value.removeprefix("/run/secrets/") for value in told.values() if value.startswith("/run/")}
    assert files <= mounted
    assert "ports" not in SERVICES["rabbitmq"]
    for name, service in OURS.items():
        if "TODOKE_AMQP_URL" in service["secrets"]:
            assert service["environment"]["TODOKE_AMQP_CA"] == "/run/secrets/ca.pem", name
            assert "ca.pem" in service["secrets"], name


def test_the_database_of_the_containers_is_no_place_for_superusers_and_speaks_tls() -> None:
    page = (TREE / "docs/operations.md").read_text("utf-8")

    assert "-cssl=on" in SERVICES["postgres"]["command"]
    assert "sslmode=verify-full&sslrootcert=/run/secrets/ca.pem" in page
    assert "database_password" in SERVICES["postgres"]["secrets"]
    assert not any("postgres_password" in service["secrets"] for service in OURS.values())
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] != "todoke"


def test_every_service_runs_a_command_that_exists(command_line: click.Group) -> None:
    started = {name: service.get("command", ["serve"])[0] for name, service in OURS.items()}

    assert set(started.values()) <= set(command_line.commands)
    assert {"migrate", "serve", "work", "relay", "post"} <= set(started)


def test_what_services_ask_for_is_declared() -> None:
    asked = [
        (kind, item if isinstance(item, str) else item["source"])
        for service in SERVICES.values()
        for kind in ("secrets", "configs", "volumes")
        for item in service.get(kind, ())
    ]
    waited_for = {other for service in SERVICES.values() for other in service.get("depends_on", ())}

    assert [(kind, item) for kind, item in asked if item.partition(":")[0] not in COMPOSE[kind]] == []
    assert waited_for <= set(SERVICES)


def test_whoever_is_waited_for_says_when_it_is_ready() -> None:
    for name, service in SERVICES.items():
        for other, waiting in service.get("depends_on", {}).items():
            is_checked = SERVICES[other].get("healthcheck", {}).get("disable") is not True
            is_ending = SERVICES[other].get("command", ["serve"])[0] in {"migrate", "rehearsal"}
            expected = "service_completed_successfully" if is_ending else "service_healthy"
            assert waiting["condition"] == expected, (name, other)
            assert is_checked or is_ending, (name, other)


def test_a_plain_start_runs_nothing_simulated() -> None:
    simulated = {
        name for name, service in OURS.items() if service["command"][0] in {"jpki", "connect", "rehearsal"}
    }

    assert simulated
    assert all(SERVICES[name]["profiles"] == ["demo"] for name in simulated)
    assert OURS["serve"]["environment"]["TODOKE_PROFILE"] == "${TODOKE_PROFILE:-production}"


def test_only_migrate_reaches_the_administration_of_the_broker() -> None:
    reaching = [
        name for name, service in SERVICES.items() if "TODOKE_AMQP_ADMIN_URL" in service.get("secrets", ())
    ]

    assert reaching == ["migrate"]


def test_no_password_stands_in_the_container_files() -> None:
    for name in ("Dockerfile", "docker-compose.yml"):
        text = (TREE / name).read_text("utf-8")
        assert not re.search(r"://[^\s/@]+:[^\s/@]+@", text)
        assert not re.search(r"(?i)(password|secret|pass)\s*[:=]\s*[\"']?[a-z0-9]{4,}", text)
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


def test_the_image_belongs_to_nobody_special_and_holds_what_it_copies() -> None:
    lines = (TREE / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    steps = [line.split(None, 1) for line in lines if line and not line.startswith("#")]
    let_in = [
        line[1:] for line in (TREE / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    ]

    users = [rest for step, rest in steps if step == "USER"]
    copied = [
        word for step, rest in steps if step == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    ]

    assert users == ["10001:10001"]
    assert {"HEALTHCHECK", "ENTRYPOINT", "STOPSIGNAL"} <= {step for step, _ in steps}
    assert all((TREE / path).exists() for path in [*let_in, *copied])
    assert ".ci/role" in let_in


def test_the_entry_point_reads_settings_from_files_and_becomes_the_role(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text('#!/bin/sh\necho "$TODOKE_DATABASE_URL|$*"\n')
    (tmp_path / "bin/python").chmod(0o755)
    (tmp_path / "TODOKE_DATABASE_URL").write_text("postgresql://a:b c@d/e\n")

    said = subprocess.run(
        ["/bin/sh", TREE / ".ci/role", tmp_path, "connect", "some name"],
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert said == "postgresql://a:b c@d/e|-P -m engine.cli connect some name\n"
