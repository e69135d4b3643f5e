"""The shape of the program: who may import whom, and where time, threads and chance may come from."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import nexuslims_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(nexuslims_logger.__file__).parent

#: From the top down; a part may import from its own level and from every lower one.
LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"__main__"}),
    frozenset({"cli", "cli_arguments"}),
    frozenset({"demo"}),
    frozenset({"gui", "headless", "admin"}),
    frozenset({"headless_watched"}),
    frozenset({"bootstrap"}),
    frozenset({"bootstrap_threads", "bootstrap_lock", "bootstrap_store", "bootstrap_supervision"}),
    frozenset({"session", "transfer"}),
    frozenset({"storage", "db"}),
    frozenset({"models"}),
    frozenset({"journal"}),
    frozenset({"messages", "backoff", "exit_codes", "unanswered"}),
    frozenset({"single_instance", "doorbell", "logs", "priority", "priority_windows", "google_login"}),
    frozenset({"machine_guard", "machine_guard_windows"}),
    frozenset({"config", "config_folders", "config_sources"}),
    frozenset({"config_values", "events", "ports"}),
    frozenset({"errors", "bootstrap_aside", ""}),
)
LEVEL = {part: number for number, parts in enumerate(LEVELS) for part in parts}

#: On the same level, but strangers to each other.
STRANGERS = frozenset(
    {
        frozenset({"gui", "headless"}),
        frozenset({"gui", "admin"}),
        frozenset({"headless", "admin"}),
        frozenset({"storage", "db"}),
        frozenset({"session", "transfer"}),
    }
)

#: Each crosses the table on purpose.
ALLOWED = {
    ("config", "journal.records"): "a watch folder is a value of the journal",
    ("config_folders", "journal.records"): "a watch folder is a value of the journal",
    ("messages", "journal.records"): "the messages carry the journal's values",
    ("models", "db.types"): "the columns' types belong to the database",
}

BANNED_MODULES = frozenset(
    {"threading", "_thread", "queue", "random", "concurrent", "multiprocessing", "asyncio", "sched"}
)
#: Each takes from outside a port on purpose.
EXCUSED = {
    "db.cloud_sql": {"asyncio": "the connector is made of coroutines; they run on the caller's thread, and end there"},
}
BANNED_CALLS = frozenset(
    {
        "time.sleep",
        "time.time",
        "time.time_ns",
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
    }
)


class Import(NamedTuple):
    """One imported module, and where."""

    module: str
    line: int


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return a module's name below the package, "" for the package itself."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


def imports(tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute in this project"
            assert node.module is not None
            yield from (Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def parts_imported(tree: ast.AST) -> Iterator[Import]:
    """Return our own modules, without the package's name."""
    for module, line in imports(tree):
        first, _, rest = module.partition(".")
        if first == "nexuslims_logger":
            is_part = rest.partition(".")[0] in LEVEL
            yield Import(rest if is_part else "", line)


def banned(tree: ast.AST) -> Iterator[str]:
    """Find what takes time, threads or chance from anywhere but a port."""
    for module, line in imports(tree):
        if module.partition(".")[0] in BANNED_MODULES or module in BANNED_CALLS:
            yield f"line {line}: {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            call = ".".join(ast.unparse(node).split(".")[-2:])
            if call in BANNED_CALLS:
                yield f"line {node.lineno}: {call}"


def is_allowed(part: str, imported: str) -> bool:
    target = imported.partition(".")[0]
    if any(part == who and f"{imported}.".startswith(f"{what}.") for who, what in ALLOWED):
        return True
    return LEVEL[part] <= LEVEL[target] and frozenset({part, target}) not in STRANGERS


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_point_downwards(path: Path) -> None:
    part = name_of(path).partition(".")[0]
    assert part in LEVEL, f"{path.name} has no level yet: give it one in LEVELS"
    upwards = [
        f"line {line}: {module}"
        for module, line in parts_imported(ast.parse(path.read_bytes()))
        if not is_allowed(part, module)
    ]
    assert upwards == []


@pytest.mark.parametrize(
    ("part", "imported"),
    [
        ("storage", "db.tasks"),
        ("journal", "session.service"),
        ("gui", "headless"),
        ("bootstrap", "gui.app"),
        ("session", "transfer.main"),
        ("transfer", "session.main"),
    ],
)
def test_the_table_refuses(part: str, imported: str) -> None:
    assert not is_allowed(part, imported)


def test_every_exception_is_needed() -> None:
    crossed = {
        (part, f"{module}.")
        for path in sources()
        for part in [name_of(path).partition(".")[0]]
        for module, _ in parts_imported(ast.parse(path.read_bytes()))
    }
    idle = {
        (who, what)
        for who, what in ALLOWED
        if not any(part == who and module.startswith(f"{what}.") for part, module in crossed)
    }
    assert idle == set()


@pytest.mark.parametrize("path", [path for path in sources() if not path.name.startswith("bootstrap")], ids=name_of)
def test_time_threads_and_chance_come_through_ports(path: Path) -> None:
    found = {line.partition(": ")[2] for line in banned(ast.parse(path.read_bytes()))}
    assert found == set(EXCUSED.get(name_of(path), {}))


@pytest.mark.parametrize(
    "code",
    [
        "import threading",
        "from queue import Queue",
        "import concurrent.futures",
        "from time import sleep",
        "import time\ntime.sleep(1)",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\nnow = datetime.now",
        "import random",
    ],
)
def test_the_search_finds(code: str) -> None:
    assert list(banned(ast.parse(code)))


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("sqlalchemy", {"db", "models", "admin", "bootstrap"}),
        ("alembic", {"db"}),
        ("pymysql", {"db"}),
        ("google", {"db", "storage", "google_login", "admin"}),
        ("aiohttp", {"db"}),
        ("tkinter", {"gui", "demo"}),
        ("filelock", {"single_instance", "storage"}),
    ],
)
def test_a_library_is_used_where_it_belongs(library: str, homes: set[str]) -> None:
    users = {
        name_of(path).partition(".")[0]
        for path in sources()
        if any(module.partition(".")[0] == library for module, _ in imports(ast.parse(path.read_bytes())))
    }
    assert users <= homes


def test_the_first_paint_needs_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import nexuslims_logger.cli, nexuslims_logger.gui.app\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(loaded - sys.stdlib_module_names - {'nexuslims_logger'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == []
