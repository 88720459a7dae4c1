"""Who may import whom, and what the core may not touch: read from the source, not believed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "minorguard"

LAYERS = {
    "errors": set(),
    "core": {"errors"},
    "guardians": {"errors", "core", "stores"},
    "content": {"errors", "core", "stores"},
    "packs": {"errors", "core"},
    "stores": {"errors"},
    "identity": {"errors", "core"},
    "guard": {"errors", "core", "stores"},
    "kicks": {"errors", "core", "guard"},
    "render": {"errors", "core"},
    "wire": {"errors", "core", "packs", "stores", "guard"},
    "cli": {"errors", "core", "packs", "render", "wire", "stores", "identity", "content"},
    "testing": {"errors", "core", "stores", "guard", "identity"},
    "__main__": {"cli"},
    "__init__": {"errors", "core", "packs", "guard"},
}

PURE = {
    "__future__", "bisect", "calendar", "collections", "dataclasses", "datetime", "functools",
    "hashlib", "itertools", "os", "re", "struct", "types", "typing", "zlib", "minorguard",
}  # fmt: skip

PURE_IDENTITY = PURE | {"binascii", "cryptography", "hmac", "json", "operator", "unicodedata"}
PURE_PARTS = {
    "minorguard.errors",
    "minorguard.identity.secrets",
    "minorguard.identity.id_numbers",
}

FORBIDDEN_NAMES = {"open", "print", "input", "exec", "eval", "__import__", "globals"}
FORBIDDEN_CALLS = {"now", "today", "utcnow", "time", "monotonic", "urandom", "random"}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def layer(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path):
    """Every module that a file imports, with whether only type checkers see it."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module, id(node) in typing_only


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_layer_imports_only_the_layers_below_it(path):
    for module, typing_only in imports(path):
        if layer(path) == "errors" and typing_only:
            continue  # Denied is annotated with the Decision that it carries
        if module.split(".")[0] == "minorguard" and module != "minorguard":
            imported = module.split(".")[1]
            assert imported == layer(path) or imported in LAYERS[layer(path)], module


@pytest.mark.parametrize("path", sorted((SOURCE / "core").glob("*.py")), ids=lambda p: p.name)
def test_the_core_imports_nothing_that_waits_reads_or_rolls_dice(path):
    for module, _ in imports(path):
        assert module.split(".")[0] in PURE, module


@pytest.mark.parametrize("path", sorted((SOURCE / "core").glob("*.py")), ids=lambda p: p.name)
def test_the_core_asks_no_clock_and_opens_nothing(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Global):
            pytest.fail(f"{path.name}:{node.lineno} changes a global")
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert name not in FORBIDDEN_NAMES, f"{path.name}:{node.lineno} calls {name}"
            assert name not in FORBIDDEN_CALLS, f"{path.name}:{node.lineno} calls {name}"


@pytest.mark.parametrize("path", sorted((SOURCE / "core").glob("*.py")), ids=lambda p: p.name)
def test_there_is_no_float_in_the_core(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))


def pure_identity():
    """The real-name wire, and what it is made of."""
    identity = SOURCE / "identity"
    return [*sorted(identity.glob("wire*.py")), identity / "secrets.py", identity / "id_numbers.py"]


@pytest.mark.parametrize("path", pure_identity(), ids=lambda p: p.name)
def test_the_real_name_wire_waits_for_nothing_reads_nothing_and_rolls_no_dice(path):
    for module, _ in imports(path):
        assert module.split(".")[0] in PURE_IDENTITY, module
        assert module != "os"
        if module.startswith("minorguard"):
            assert module in PURE_PARTS or module.startswith("minorguard.identity.wire"), module
        if module.startswith("cryptography"):
            assert module.endswith((".aead", ".exceptions")), module
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        assert not isinstance(node, ast.Global)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert name not in FORBIDDEN_NAMES | FORBIDDEN_CALLS | {"generate_key", "uuid4"}, name


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_check_vanishes_from_optimised_bytecode(path):
    assert not any(isinstance(n, ast.Assert) for n in ast.walk(ast.parse(path.read_text("utf-8"))))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_module_stays_readable(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


def python(code, *options, **env):
    command = [sys.executable, "-I", *options, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env or None)
    return done.stdout.strip()


def test_importing_minorguard_leaves_pydantic_and_cryptography_alone():
    code = "import sys, minorguard; print(sorted({'pydantic', 'cryptography'} & set(sys.modules)))"

    assert python(code) == "[]"


def test_importing_and_deciding_opens_no_connection_and_starts_nothing():
    code = """
import sys
seen = []
def hook(event, args):
    if event.split('.')[0] in ('socket', 'subprocess', 'ctypes') or event == 'os.system':
        seen.append(event)
    if event == '_thread.start_new_thread':
        seen.append(event)
sys.addaudithook(hook)
from datetime import datetime
import minorguard as mg
game = mg.law('cn.game')
game.decide(mg.Play(mg.Subject('p')), at=datetime(2026, 11, 20, 20, tzinfo=mg.ZONE)).explain()
print(seen)
"""
    assert python(code) == "[]"


def test_a_denial_holds_with_optimised_bytecode():
    code = """
from datetime import datetime
import minorguard as mg
at = datetime(2026, 11, 18, 20, tzinfo=mg.ZONE)
print(bool(mg.law('cn.game').decide(mg.Play(mg.Subject('p', identity='verified')), at=at)))
"""
    assert python(code, "-OO") == "False"
