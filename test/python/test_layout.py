"""How the Python code is laid out: no long file, no room of more than twelve files, no import in a circle."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
NOTEBOOKS = REPO / "notebooks"
FOLDERS = [path for path in REPO.iterdir() if path.is_dir() and path.name not in ("node_modules", "dist")]
FILES = sorted(path for folder in FOLDERS if folder.name[0] != "." for path in folder.rglob("*.py"))
MOST_FILES, MOST_LINES = 12, 200


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(NOTEBOOKS).with_suffix("").parts).removesuffix(".__init__")


def imports() -> dict[str, set[str]]:
    """By module of the packages: the modules that it imports, those for type checkers included."""
    modules = {module_of(path): path for path in NOTEBOOKS.glob("*/**/*.py")}
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        wanted = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                wanted |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
        found[name] = wanted & modules.keys()
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, or nothing."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph.get(name, ())):
            if found := walk(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = imports()

    assert len(graph) > 50
    assert circle(graph) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_no_room_holds_more_than_twelve_files() -> None:
    """`__init__.py` names its room and is not counted."""
    rooms = Counter(path.parent for path in FILES if path.name != "__init__.py")

    assert {str(room): count for room, count in rooms.items() if count > MOST_FILES} == {}


def test_no_file_is_longer_than_two_hundred_lines() -> None:
    lines = {str(path): len(path.read_text().splitlines()) for path in FILES}

    assert len(lines) > 300
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
