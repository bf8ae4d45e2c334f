"""Census of the running Python's standard library: the counting half of stdlib_census.yaml.

Tasks pass plain data (dicts, lists, text, numbers), so results stay small, readable in the app,
and independent of this module; no syntax tree leaves the process that parsed it.
"""

import ast
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

LIBRARY = Path(sysconfig.get_path("stdlib"))
"""Folder of the standard library's sources."""
INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders of installed packages, which are not the library's."""
TOP = 40
"""Length of the rankings that shards keep; merging keeps the first 40 places exact."""

Ranking = list[tuple[str, int]]
"""Pairs of label and value, greatest value first, equal values by label."""

UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What the parser raises for bad syntax, bad encodings, null bytes, and too deep nesting."""

GREY, CYAN, GREEN, YELLOW, BOLD, RESET = (f"\x1b[{n}m" for n in (90, 36, 32, 33, 1, 0))


class Tally(TypedDict):
    """The counts of one file, of one shard, or of everything."""

    files: int
    unparsed: list[str]
    lines: int
    functions: int
    classes: int
    calls: int
    imports: dict[str, int]
    """Top-level module → number of files that import it."""
    complex: Ranking
    """Functions by cyclomatic complexity; the first `TOP`."""
    biggest: Ranking
    """Files by lines; the first `TOP`."""


@dataclass(slots=True)
class _Scope:
    name: str
    is_function: bool = False
    decisions: int = 0


# ── the tasks ─────────────────────────────────────────────────────────────────────────────────


def list_files(library: Path = LIBRARY) -> list[tuple[str, int]]:
    """Return path (relative to the library) and size in bytes of every source, by path."""
    sources = (path for path in library.rglob("*.py") if path.is_file())
    paths = sorted(path for path in sources if not INSTALLED.intersection(path.parts))
    found = [(path.relative_to(library).as_posix(), path.stat().st_size) for path in paths]
    folders = Counter(name.split("/")[0] if "/" in name else "." for name, _ in found)
    print(f"{BOLD}{library}{RESET}")
    for folder, count in folders.most_common(12):
        print(f"{count:6,}  {CYAN}{folder}/{RESET}")
    print(f"{GREEN}{len(found):6,}{RESET}  files, {sum(size for _, size in found):,} bytes")
    return found


def split(list_files: list[tuple[str, int]], shards: int = 8) -> list[list[str]]:
    """Return the paths in `shards` lists of about the same number of bytes.

    Greedy: the largest file first, each to the lightest shard (Graham's LPT rule, 1969).
    """
    parts: list[list[str]] = [[] for _ in range(shards)]
    loads = [0] * shards
    for path, size in sorted(list_files, key=lambda item: (-item[1], item[0])):
        lightest = loads.index(min(loads))
        parts[lightest].append(path)
        loads[lightest] += size
    for number, (part, load) in enumerate(zip(parts, loads, strict=True), 1):
        print(f"shard {number}  {len(part):4} files  {load:10,} bytes")
    return [sorted(part) for part in parts]


def parse_shard(split: list[list[str]], shard: int, library: Path = LIBRARY) -> Tally:
    """Return the counts of shard number `shard` (from 1); files that can't be parsed count too."""
    paths = split[shard - 1]
    tallies: list[Tally] = []
    for done, path in enumerate(paths, 1):
        tallies.append(measure(path, (library / path).read_bytes()))
        for failed in tallies[-1]["unparsed"]:
            print(f"{YELLOW}not parsable{RESET}  {failed}", flush=True)
        if done % 20 == 0 or done == len(paths):
            print(_progress(done, len(paths), path), flush=True)
    tally = combine(tallies)
    print(f"{GREEN}shard {shard}{RESET}  {tally['lines']:,} lines, {tally['calls']:,} calls")
    return tally


def merge(*shards: Tally) -> Tally:
    """Return the counts of all shards together."""
    total = combine(shards)
    for name in ("files", "lines", "functions", "classes", "calls"):
        print(f"{name:>9}  {BOLD}{total[name]:12,}{RESET}")
    print(f"{YELLOW}{len(total['unparsed']):>9}  files could not be parsed{RESET}")
    return total


def rank_functions(merge: Tally, top: int = 15) -> Ranking:
    """Return the `top` functions of the greatest cyclomatic complexity."""
    return _shown("complexity", merge["complex"][:top])


def rank_modules(merge: Tally, top: int = 15) -> Ranking:
    """Return the `top` files with the most lines."""
    return _shown("lines", merge["biggest"][:top])


def rank_imports(merge: Tally, top: int = 15) -> Ranking:
    """Return the `top` modules that most files import."""
    return _shown("importing files", _ranked(merge["imports"].items(), top))


# ── counting ──────────────────────────────────────────────────────────────────────────────────


def measure(path: str, source: bytes) -> Tally:
    """Return the counts of one file, of which a file that can't be parsed has none.

    Args:
        path: Names the file in the rankings, and its functions in dotted form.
        source: As read: the parser finds out the encoding.
    """
    tally = combine([])
    tally["files"] = 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except UNPARSABLE:
        tally["unparsed"] = [path]
        return tally
    lines = len(source.splitlines())
    tally["lines"], tally["biggest"] = lines, [(path, lines)]
    _count(tree, path.removesuffix(".py").replace("/", "."), tally)
    return tally


def combine(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of the tallies; rankings are merged and cut to `TOP` places."""
    parts = list(tallies)
    imports: Counter[str] = Counter()
    for part in parts:
        imports.update(part["imports"])
    return Tally(
        files=sum(part["files"] for part in parts),
        unparsed=sorted(path for part in parts for path in part["unparsed"]),
        lines=sum(part["lines"] for part in parts),
        functions=sum(part["functions"] for part in parts),
        classes=sum(part["classes"] for part in parts),
        calls=sum(part["calls"] for part in parts),
        imports=dict(imports),
        complex=_ranked((pair for part in parts for pair in part["complex"]), TOP),
        biggest=_ranked((pair for part in parts for pair in part["biggest"]), TOP),
    )


def _count(tree: ast.AST, module: str, tally: Tally) -> None:
    """Add what is below `tree` to `tally`, by a stack of its own: sources nest deeply."""
    scopes: list[_Scope] = []
    imported: set[str] = set()
    stack: list[tuple[ast.AST, _Scope]] = [(tree, _Scope(module))]
    while stack:
        node, scope = stack.pop()
        scope.decisions += _decisions(node)
        imported.update(_imports(node))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            is_function = not isinstance(node, ast.ClassDef)
            scope = _Scope(f"{scope.name}.{node.name}", is_function)
            scopes.append(scope)
        tally["calls"] += isinstance(node, ast.Call)
        stack.extend((child, scope) for child in ast.iter_child_nodes(node))
    functions = [(scope.name, scope.decisions + 1) for scope in scopes if scope.is_function]
    tally["functions"], tally["classes"] = len(functions), len(scopes) - len(functions)
    tally["imports"] = dict.fromkeys(imported, 1)
    tally["complex"] = _ranked(functions, TOP)


def _decisions(node: ast.AST) -> int:
    """Return the branches a node adds to its function's cyclomatic complexity (McCabe, 1976)."""
    match node:
        case ast.BoolOp():
            return len(node.values) - 1
        case ast.comprehension():
            return 1 + len(node.ifs)
        case (
            ast.If()
            | ast.IfExp()
            | ast.For()
            | ast.AsyncFor()
            | ast.While()
            | ast.ExceptHandler()
            | ast.match_case()
            | ast.Assert()
        ):
            return 1
        case _:
            return 0


def _imports(node: ast.AST) -> Iterator[str]:
    """Yield the top-level modules a statement imports; relative imports name none."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name.partition(".")[0]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]


def _ranked(pairs: Iterable[tuple[str, int]], top: int) -> Ranking:
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:top]


# ── what the log shows ────────────────────────────────────────────────────────────────────────


def _progress(done: int, total: int, path: str) -> str:
    filled = round(20 * done / total)
    bar = f"{CYAN}{'━' * filled}{GREY}{'━' * (20 - filled)}{RESET}"
    return f"{bar} {done:4}/{total}  {GREY}{path}{RESET}"


def _shown(unit: str, ranking: Ranking) -> Ranking:
    print(f"{BOLD}{unit:>15}{RESET}")
    for label, value in ranking:
        print(f"{value:15,}  {CYAN}{label}{RESET}")
    return ranking
