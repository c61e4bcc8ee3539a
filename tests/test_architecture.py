"""House rules that the code keeps: layers, sizes, names, docstrings."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "cxlib"
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = {
    "errors": 0, "_checks": 0, "_console": 0, "_format": 0, "paths": 0,
    "result": 1,
    "scales": 2, "estimate": 2, "data": 2, "simulate": 2,
    "voc": 3, "nps": 3, "journeys": 3, "roi": 3,
    "plots": 4,
    "report": 5,
    "run": 6, "__main__": 6,
}  # fmt: skip
APART = {3}  # topics never import each other
MAX_LINES, MAX_BODY, MAX_NAMES, MAX_REEXPORTS = 400, 30, 10, 90
MAX_COMMENTS = 0.05
DRAWING = {"plots", "report"}
PRINTING = {"__main__", "run"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).as_posix()


def owner(path: Path) -> str:
    """Top-level module a file belongs to; '' for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in FILES}


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and top-level cxlib module of every import, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("cxlib."):
                    yield node.lineno, name.name.split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "cxlib":
                yield from ((node.lineno, name.name) for name in node.names)
            elif node.module.startswith("cxlib."):
                yield node.lineno, node.module.split(".")[1]


def functions(tree: ast.Module) -> Iterator[Function]:
    yield from (n for n in ast.walk(tree) if isinstance(n, Function))


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Functions that a user may call: top-level names without an underscore."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node


def body_lines(node: Function) -> int:
    """Lines of a body, docstring excluded."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def public_names(tree: ast.Module) -> list[str]:
    """Functions and classes that a module defines for others (constants are free)."""
    kinds = (*Function.__args__, ast.ClassDef)
    names = [node.name for node in tree.body if isinstance(node, kinds)]
    return [name for name in names if not name.startswith("_")]


def test_every_module_has_a_layer():
    unknown = sorted({owner(path) for path in FILES} - set(LAYERS) - {""})
    assert not unknown, f"give these modules a layer in design.md and here: {unknown}"


def test_imports_come_from_layers_above(trees):
    wrong = []
    for path, tree in trees.items():
        own = owner(path)
        if not own:
            continue
        for line, other in imported(tree):
            if other == own or other not in LAYERS:
                continue
            below = LAYERS[other] > LAYERS[own]
            beside = LAYERS[other] == LAYERS[own] and LAYERS[own] in APART
            if below or beside:
                wrong.append(f"{relative(path)}:{line} imports cxlib.{other}")
    assert not wrong, "imports against the direction of the layers:\n" + "\n".join(
        wrong
    )


ROOMS = {
    "journeys": ("flows", "experiments", "observed"),
    "roi": ("regressions", "worth", "investments", "choice", "afterwards"),
}


@pytest.mark.parametrize("topic", ROOMS)
def test_rooms_of_a_topic_import_one_way(trees, topic):
    wrong = []
    order = ROOMS[topic]
    for path, tree in trees.items():
        room = path.parent.name
        if owner(path) != topic or room not in order:
            continue
        for node in ast.walk(tree):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            other = module.removeprefix(f"cxlib.{topic}.").split(".")[0]
            if other in order and order.index(other) > order.index(room):
                wrong.append(f"{relative(path)}:{node.lineno} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_no_cycles_within_a_layer(trees):
    edges: dict[str, set[str]] = {}
    for path, tree in trees.items():
        others = {o for _, o in imported(tree) if o != owner(path) and o in LAYERS}
        edges.setdefault(owner(path), set()).update(others)
    mutual = sorted(
        f"{a} <-> {b}"
        for a in edges
        for b in edges[a]
        if a < b and a in edges.get(b, ())
    )
    assert not mutual, f"modules that import each other: {mutual}"


def test_modules_are_short():
    sizes = {
        relative(path): len(path.read_text("utf-8").splitlines()) for path in FILES
    }
    long = [f"{name}: {n} lines" for name, n in sizes.items() if n > MAX_LINES]
    assert not long, f"over {MAX_LINES} lines:\n" + "\n".join(long)


def test_functions_are_short(trees):
    long = [
        f"{relative(path)}:{node.lineno} {node.name}: {body_lines(node)} lines"
        for path, tree in trees.items()
        for node in functions(tree)
        if body_lines(node) > MAX_BODY
    ]
    assert not long, f"bodies over {MAX_BODY} lines:\n" + "\n".join(long)


def test_modules_have_few_public_names(trees):
    many = []
    for path, tree in trees.items():
        names = public_names(tree)
        if not path.name.startswith("_") and len(names) > MAX_NAMES:
            many.append(f"{relative(path)}: {len(names)} ({', '.join(names)})")
    assert not many, f"over {MAX_NAMES} public names:\n" + "\n".join(many)


def exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and "__all__" in [
            getattr(t, "id", "") for t in node.targets
        ]:
            return list(ast.literal_eval(node.value))
    return None


def test_folders_re_export_their_public_names(trees):
    wrong = []
    for path, tree in trees.items():
        if path.name != "__init__.py" or path.parent == PACKAGE:
            continue
        names = exported(tree)
        bound = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        if names is None:
            if bound - {"annotations"}:
                wrong.append(f"{relative(path)}: no __all__")
        elif len(names) > MAX_REEXPORTS:
            wrong.append(f"{relative(path)}: {len(names)} names")
    assert not wrong, "\n".join(wrong)


def test_public_functions_have_numpydoc_docstrings(trees):
    """Summary line; Parameters where one needs explaining; Returns or Examples."""
    wrong = []
    for path, tree in trees.items():
        if owner(path) in {"__main__", "run"} or path.stem.startswith("_"):
            continue
        for node in public_functions(tree):
            doc = ast.get_docstring(node) or ""
            where = f"{relative(path)}:{node.lineno} {node.name}"
            summary = doc.split("\n\n")[0].strip()
            if not summary:
                wrong.append(f"{where}: no docstring")
            elif not summary.endswith((".", "?")):
                wrong.append(f"{where}: the summary does not end with a full stop")
    assert not wrong, "\n".join(wrong)


def test_functions_that_users_call_document_their_parameters(trees):
    wrong = []
    for path, tree in trees.items():
        if path.name != "__init__.py" or owner(path) not in {
            "data", "estimate", "nps", "voc", "journeys", "roi", "simulate", "plots",
        }:  # fmt: skip
            continue
        names = set(exported(tree) or ())
        for other in (file for file in trees if path.parent in file.parents):
            for node in public_functions(trees[other]):
                doc = ast.get_docstring(node) or ""
                args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                if node.name in names and args and "Parameters\n---" not in doc:
                    wrong.append(f"{relative(other)}:{node.lineno} {node.name}")
    assert not wrong, "exported, but no Parameters section:\n" + "\n".join(wrong)


def overriding(tree: ast.Module) -> set[Function]:
    """Methods of classes with a base: their signature belongs to somebody else."""
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.bases]
    return {n for c in classes for n in c.body if isinstance(n, Function)}


def test_no_open_ended_keywords(trees):
    wrong = [
        f"{relative(path)}:{node.lineno} {node.name}(**{node.args.kwarg.arg})"
        for path, tree in trees.items()
        for node in functions(tree)
        if node.args.kwarg
        and not node.name.startswith("_")
        and node not in overriding(tree)
    ]
    assert not wrong, "public functions with **kwargs:\n" + "\n".join(wrong)


def test_at_most_two_positional_arguments(trees):
    wrong = []
    for path, tree in trees.items():
        if path.stem.startswith("_") or owner(path).startswith("_"):
            continue
        for node in public_functions(tree):
            free = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            optional = free[len(free) - len(node.args.defaults) :]
            if len(optional) > 1 or (optional and len(free) > 2):
                wrong.append(
                    f"{relative(path)}:{node.lineno} {node.name}: make "
                    f"{', '.join(optional)} keyword-only"
                )
    assert not wrong, "options passed by position:\n" + "\n".join(wrong)


def test_no_assert_for_validation(trees):
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert not wrong, "assert vanishes under -O:\n" + "\n".join(wrong)


def test_only_plots_and_reports_draw(trees):
    wrong = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{a.name}" for a in node.names]
            drawing = any(n.startswith(("matplotlib", "seaborn")) for n in names)
            if drawing and owner(path) not in DRAWING:
                wrong.append(f"{relative(path)}:{node.lineno} imports {names[0]}")
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_prints(trees):
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "print"
        and owner(path) not in PRINTING
    ]
    assert not wrong, "print outside the command line:\n" + "\n".join(wrong)


def test_no_global_randomness(trees):
    """`default_rng` only; never the shared stream or the clock as a seed."""
    wrong = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            dotted = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            stream = re.fullmatch(r"(?:np\.|numpy\.)?random\.(\w+)", dotted)
            legacy = stream and stream[1] not in {"default_rng", "SeedSequence"}
            bare = dotted.endswith("default_rng") and not (node.args or node.keywords)
            if legacy or bare:
                wrong.append(f"{relative(path)}:{node.lineno} {dotted}")
    assert not wrong, "\n".join(wrong)


def test_comments_are_rare():
    wrong = []
    lines = comments = 0
    for path in FILES:
        source = path.read_text("utf-8")
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        own = sum(
            token.type == tokenize.COMMENT and token.line.lstrip().startswith("#")
            for token in tokens
        )
        size = max(1, len(source.splitlines()))
        lines, comments = lines + size, comments + own
        if own > 2 and own / size > MAX_COMMENTS:
            wrong.append(f"{relative(path)}: {own} of {size} lines")
    assert comments / lines < MAX_COMMENTS
    assert not wrong, "names should say it:\n" + "\n".join(wrong)


def test_nothing_names_a_path_of_one_machine():
    wrong = [
        f"{relative(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if any(word in line for word in ("/home/", "/Users/", "/work/", "C:\\\\"))
    ]
    assert not wrong, "\n".join(wrong)
