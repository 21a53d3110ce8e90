"""Parses Bicep files by the public grammar; prints `file:line: what` for each fault and ends with 1 when it has any."""

import pathlib
import sys
from collections.abc import Iterator

import tree_sitter
import tree_sitter_bicep


def faults_of(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The nodes that the grammar could not read, or that it had to add."""
    if node.is_error or node.is_missing:
        yield node
    for child in node.children:
        yield from faults_of(child)


def main(folder: pathlib.Path) -> int:
    """Parses every Bicep file below a folder."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
    files = sorted(folder.rglob("*.bicep"))
    count = 0
    for file in files:
        for node in faults_of(parser.parse(file.read_bytes()).root_node):
            what = f"missing {node.type}" if node.is_missing else repr((node.text or b"").decode()[:60])
            print(f"{file}:{node.start_point.row + 1}: {what}")
            count += 1
    print(f"{len(files)} Bicep files, {count} faults of syntax")
    return 1 if count or not files else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
