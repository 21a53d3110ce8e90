"""Looks at PowerShell hooks as far as the public grammar goes; prints `file:line: what`, ends with 1 when it has any.

Syntax; variables that are read and never set; commands that are no function of the hooks, no tool that they name and no
cmdlet; cmdlets whose verb is not an approved one, and aliases. It stands in for PSScriptAnalyzer, which no registry
here has, and knows only these rules of it.
"""

import pathlib
import sys
from collections.abc import Iterator

import tree_sitter
import tree_sitter_powershell

#: Programs that the hooks run; `Need-Tool` asks for them.
TOOLS = {"az", "databricks", "node", "npx"}
#: Set by PowerShell itself.
AUTOMATIC = {
    "$_", "$null", "$true", "$false", "$lastexitcode", "$iswindows", "$psscriptroot", "$erroractionpreference",
    "$psnativecommanduseerroractionpreference",
}  # fmt: skip
#: Approved verbs, of those that cmdlets of the hooks have.
VERBS = {
    "Add", "Convert", "ConvertFrom", "ConvertTo", "Find", "Get", "Invoke", "Join", "New", "Out", "Read", "Remove",
    "Select", "Set", "Start", "Test", "Where", "Write", "ForEach",
}  # fmt: skip


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def functions_of(tree: tree_sitter.Node) -> set[str]:
    return {text(node) for node in walk(tree) if node.type == "function_name"}


def is_written(node: tree_sitter.Node) -> bool:
    """A variable that is assigned, declared as a parameter, or the one of a `foreach`."""
    up = node.parent
    while up is not None and up.type not in ("statement_list", "statement_block", "script_block"):
        if up.type in ("left_assignment_expression", "script_parameter"):
            return True
        if up.type == "foreach_statement":
            return node.parent == up
        if up.type in ("command", "pipeline_chain"):
            return False
        up = up.parent
    return False


def variables_of(tree: tree_sitter.Node) -> Iterator[tuple[tree_sitter.Node, str]]:
    found = [node for node in walk(tree) if node.type == "variable"]
    written = {text(node).lower() for node in found if is_written(node)}
    for node in found:
        name = text(node).lower()
        # `@name` hands a variable over part by part.
        if not name.startswith("$env:") and "$" + name.lstrip("$@") not in written | AUTOMATIC:
            yield node, f"{text(node)} is read and never set"


def commands_of(tree: tree_sitter.Node, functions: set[str]) -> Iterator[tuple[tree_sitter.Node, str]]:
    for node in walk(tree):
        if node.type != "command_name":
            continue
        name = text(node)
        verb, dash, _noun = name.partition("-")
        if name in functions or name in TOOLS or name.startswith("./"):
            continue
        if not dash:
            yield node, f"{name} is an alias, or no command that the hooks may run"
        elif verb not in VERBS:
            yield node, f"{name} has no approved verb"


def syntax_of(tree: tree_sitter.Node) -> Iterator[tuple[tree_sitter.Node, str]]:
    for node in walk(tree):
        if node.is_error or node.is_missing:
            yield node, f"missing {node.type}" if node.is_missing else repr(text(node)[:60])


def faults_of(sources: dict[str, bytes]) -> Iterator[str]:
    """Faults of hooks that share the functions and variables of the first."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    trees = {name: parser.parse(source).root_node for name, source in sources.items()}
    functions = set().union(*(functions_of(tree) for tree in trees.values()))
    for name, tree in trees.items():
        for node, what in [*syntax_of(tree), *variables_of(tree), *commands_of(tree, functions)]:
            yield f"{name}:{node.start_point.row + 1}: {what}"


#: What each rule has to find, so that a grammar that reads nothing does not pass.
TRIAL = b"function Say { Write-Host $Text }\nSay 'x'\necho y\nFrob-It z\nif ($true) {"


def main(folder: pathlib.Path) -> int:
    files = sorted(folder.glob("*.ps1"))
    faults = list(faults_of({str(file): file.read_bytes() for file in files}))
    seen = list(faults_of({"trial": TRIAL}))
    for what in ("$Text is read", "echo is an alias", "Frob-It has no approved verb", "trial:5"):
        if not any(what in fault for fault in seen):
            faults.append(f"the check does not see: {what}")
    print("\n".join([*faults, f"{len(files)} PowerShell files, {len(faults)} faults"]))
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
