"""What may import what: the service stands without training and without TensorFlow."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRAINING_MAY_IMPORT = {"app.imaging", "app.model_card", "app.__version__"}

LOADED = """
import json, sys
from pathlib import Path
{imports}
told = {{name.partition(".")[0] for name in sys.modules}}
# One namespace that two packages share, of which only one is to be there.
told |= {{"opentelemetry.sdk"}} & set(sys.modules)
json.dump(sorted(told), sys.stdout)
"""


def modules_after(imports: str) -> set[str]:
    """The top-level packages that a fresh process has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(imports=imports)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, at its top or in a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def test_a_running_service_has_neither_training_nor_tensorflow(store: Path) -> None:
    """With a model loaded and a picture answered."""
    loaded = modules_after(
        "import io, asyncio\n"
        "import app.__main__, app.server, app.listing\n"
        "from app.main import create_app\n"
        "from app.settings import Settings\n"
        f"settings = Settings(models_store=Path({str(store)!r}), model='tiny', device='cpu')\n"
        "application = create_app(settings)\n"
        "async def live():\n"
        "    async with application.router.lifespan_context(application):\n"
        "        assert application.state.service.residents.get().backend == 'litert'\n"
        "asyncio.run(live())"
    )
    assert {"app", "fastapi", "ai_edge_litert"} <= loaded
    assert not loaded & {"training", "tensorflow", "keras", "sklearn", "matplotlib", "torch"}
    # Of what is there for a setting that is not set, nothing is imported.
    assert "cryptography" not in loaded
    assert "opentelemetry.sdk" not in loaded


@pytest.mark.parametrize("module", ["app.imaging", "app.model_card"])
def test_what_training_uses_of_the_service_brings_no_web_framework(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert not loaded & {"fastapi", "starlette", "uvicorn", "ai_edge_litert", "tensorflow"}


def test_imaging_needs_pillow_and_numpy_and_nothing_else() -> None:
    loaded = modules_after("import app.imaging")
    assert not loaded & {"pydantic", "fastapi", "scipy"}


def test_no_file_of_the_service_imports_training() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        assert not {each for each in imports_of(path) if each.partition(".")[0] == "training"}


def test_the_client_imports_neither_half_and_httpx_alone() -> None:
    for path in (ROOT / "vasari").rglob("*.py"):
        beyond = {each.partition(".")[0] for each in imports_of(path)} - {"vasari", "httpx"}
        assert not beyond - sys.stdlib_module_names, path.name
    loaded = modules_after("import vasari")
    assert {"vasari", "httpx"} <= loaded
    assert not loaded & {"app", "training", "numpy", "PIL", "pydantic", "fastapi"}


def test_training_imports_of_the_service_what_it_may() -> None:
    for path in (ROOT / "training").rglob("*.py"):
        of_the_service = {each for each in imports_of(path) if each.partition(".")[0] == "app"}
        beyond = {
            each
            for each in of_the_service
            if each != "app"
            and not any(each == name or each.startswith(f"{name}.") for name in TRAINING_MAY_IMPORT)
        }
        assert not beyond, f"{path.relative_to(ROOT)} imports {sorted(beyond)}"


def test_only_one_file_of_the_service_imports_tensorflow() -> None:
    importing = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "app").rglob("*.py")
        if {each.partition(".")[0] for each in imports_of(path)} & {"tensorflow", "keras"}
    }
    assert importing == {"app/runtime/tensorflow.py"}


def test_every_store_that_is_served_from_asks_for_what_the_settings_say() -> None:
    """`open_store` alone, but for what signs: a store without it would trust everybody."""
    bare = {
        path.relative_to(ROOT).as_posix()
        for folder in ("app", "scaling")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\bModelStore\(", path.read_text("utf-8"))
    }
    assert bare == {"app/model_store.py", "app/signing.py"}


def test_scaling_stands_on_the_service_alone() -> None:
    """And nothing of the service knows of Ray: it is an extra."""
    for path in (ROOT / "scaling").glob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert not roots & {"training", "tensorflow", "keras"}, path
    for path in (ROOT / "app").rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert not roots & {"scaling", "ray"}, path
