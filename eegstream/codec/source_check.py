"""Check a model's TorchScript sources before PyTorch sees them.

Loading compiles them, and runs what they define for loading: `__setstate__`, and defaults of arguments. So they are
parsed here as the Python that they look like. Only plain methods, literal defaults, allowed operators and names of the
sources themselves pass. `graph_check` looks at what PyTorch made of them, before any method runs.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from eegstream.codec.operators import is_allowed
from eegstream.errors import BundleError

_METHODS = frozenset({"__init__", "__enter__", "__exit__", "__len__", "__contains__"})
"""Methods with underscores that a class may have; others are called without being named."""
_NAMES_TEXT = """
    torch ops CONSTANTS __torch__ annotate unchecked_cast uninitialized inf nan infj nanj range isinstance getattr
    int float bool str complex number None Any NoneType Tensor Module Device Layout Final List Dict Tuple Optional Union
"""
_NAMES = frozenset(_NAMES_TEXT.split())
"""Names that TorchScript itself gives a meaning; print, fork and others are left out."""
_ROOTS = frozenset({"torch", "ops", "__torch__", "CONSTANTS", "getattr"})
"""Names whose meaning the checks below rely on."""
_NODES = (
    ast.Module, ast.ClassDef, ast.FunctionDef, ast.arguments, ast.arg, ast.AnnAssign, ast.Assign, ast.AugAssign,
    ast.Return, ast.If, ast.For, ast.While, ast.With, ast.withitem, ast.Expr, ast.Pass, ast.Break, ast.Continue,
    ast.Call, ast.keyword, ast.Attribute, ast.Subscript, ast.Slice, ast.Name, ast.Constant, ast.Tuple, ast.List,
    ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.expr_context, ast.operator, ast.unaryop,
    ast.boolop, ast.cmpop,
)  # fmt: skip
_LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.UnaryOp, ast.USub, ast.Load)
_PLAIN = re.compile(rb"[\n -~]*")


class _RefusedError(Exception):
    """What a source may not have, as the end of a sentence."""


def require_harmless(sources: Mapping[str, bytes], origin: str) -> None:
    """Check every source file of a bundle; `origin` names it in errors.

    Raises:
        BundleError: a source has something that is not allowed, which is named.
    """
    try:
        trees = [_parse(source) for source in sources.values()]
        declared = frozenset(name for tree in trees for name in _declared(tree))
        for tree in trees:
            _check(tree, declared)
    except _RefusedError as refused:
        raise BundleError(
            f"{origin}: its code {refused}, which no bundle may have",
            "Write the model with plain tensor operations (docs/reference/bundle.md, Trust), or do not use it",
        ) from None


def _parse(source: bytes) -> ast.Module:
    # What Python and TorchScript could read differently is refused first.
    if not _PLAIN.fullmatch(source) or b"\\\n" in source:
        raise _RefusedError("has characters other than printable ASCII, or joined lines")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _RefusedError("cannot be parsed") from None
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise _RefusedError(f"has the construct {type(node).__name__}")
    return tree


def _declared(tree: ast.Module) -> Iterator[str]:
    """Names of the functions, classes and attributes that a source declares."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from _attributes(node)


def _attributes(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
        for target in statement.targets if isinstance(statement, ast.Assign) else ():
            if isinstance(target, ast.Name):
                yield target.id
            elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                yield str(target.slice.value)  # __annotations__["0"] = ...


def _check(tree: ast.Module, declared: frozenset[str]) -> None:
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            _check_class(statement, declared)
        elif isinstance(statement, ast.FunctionDef):
            _check_function(statement, declared)
        else:
            raise _RefusedError("has a statement outside functions and classes")


def _check_class(node: ast.ClassDef, declared: frozenset[str]) -> None:
    if node.decorator_list or node.keywords or [ast.unparse(base) for base in node.bases] not in ([], ["Module"]):
        raise _RefusedError(f"has the class {node.name} of a special kind")
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            _check_function(statement, declared)
        elif isinstance(statement, ast.AnnAssign | ast.Assign):
            is_type = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript)
            if not is_type:
                _require_literal(statement.value)
            _check_names(statement, {*declared, "__annotations__"}, declared)
        elif not isinstance(statement, ast.Pass):
            raise _RefusedError(f"has an unusual statement in the class {node.name}")


def _require_literal(value: ast.expr | None) -> None:
    for node in ast.walk(value) if value is not None else ():
        if not isinstance(node, _LITERALS) and not (isinstance(node, ast.Name) and node.id in ("inf", "nan")):
            raise _RefusedError(f"computes a constant while it is loaded ({ast.unparse(node)[:80]})")


def _check_function(node: ast.FunctionDef, declared: frozenset[str]) -> None:
    if node.name.startswith("__") and node.name not in _METHODS:
        raise _RefusedError(f"has the method {node.name}")
    if node.decorator_list or any(isinstance(inner, ast.FunctionDef) for part in node.body for inner in ast.walk(part)):
        raise _RefusedError(f"has the function {node.name} of a special kind")
    for default in (*node.args.defaults, *node.args.kw_defaults):
        _require_literal(default)
    bound = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
    bound |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    if bound & _ROOTS:
        raise _RefusedError(f"gives {min(bound & _ROOTS)} another meaning")
    _check_names(node, bound, declared)
    if node.name in ("__enter__", "__exit__"):
        _require_operators_only(node)


def _require_operators_only(node: ast.FunctionDef) -> None:
    """`with` runs these two out of sight of `graph_check`, so they call nothing but operators by their full names."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and (_path(call.func) or [""])[0] not in ("torch", "ops"):
            raise _RefusedError(f"calls {ast.unparse(call.func)[:80]} in {node.name}")


def _check_names(node: ast.AST, bound: Iterable[str], declared: frozenset[str]) -> None:
    """Every name must be bound, TorchScript's own, or of an allowed operator; every attribute must be declared."""
    inner = {id(part.value) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, bytes):
            raise _RefusedError("has bytes")
        if isinstance(part, ast.Name) and part.id not in _NAMES and part.id not in bound:
            raise _RefusedError(f"uses {part.id}")
        if isinstance(part, ast.Name) and part.id in ("torch", "ops", "__torch__") and id(part) not in inner:
            raise _RefusedError(f"uses {part.id} as a value")
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "getattr":
            _check_getattr(part, declared)
        if isinstance(part, ast.Attribute) and id(part) not in inner:
            _check_attribute(part, declared)


def _check_getattr(call: ast.Call, declared: frozenset[str]) -> None:
    name = call.args[1] if len(call.args) == 2 and not call.keywords else None
    if not isinstance(name, ast.Constant) or name.value not in declared:
        raise _RefusedError("uses getattr for something that it does not declare")


def _check_attribute(node: ast.Attribute, declared: frozenset[str]) -> None:
    path = _path(node)
    if path is not None and path[0] in ("torch", "ops"):
        full = ["aten", *path[1:]] if path[0] == "torch" else path[1:]
        if len(full) != 2 or not is_allowed(full[0], full[1]):
            raise _RefusedError(f"uses the operator {'::'.join(full)[:80]}")
    elif path is not None and path[0] == "__torch__":
        if path[1:3] == ["torch", "classes"]:
            raise _RefusedError(f"uses the built-in class {'.'.join(path)[:80]}")
    elif path is None or path[0] != "CONSTANTS":
        outer: ast.expr = node
        while isinstance(outer, ast.Attribute):
            if outer.attr not in declared and outer.attr != "__init__":
                raise _RefusedError(f"uses the method or attribute {outer.attr}, which it does not declare")
            outer = outer.value


def _path(node: ast.expr) -> list[str] | None:
    """The parts of a dotted name; None of anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (before := _path(node.value)) is not None:
        return [*before, node.attr]
    return None
