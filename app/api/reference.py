"""GET /docs: Swagger UI on /openapi.json, from this machine alone where it can be.

FastAPI's own page loads Swagger UI from another host, which a closed network does not
reach and which would learn of every visit. The package fastapi-offline carries the same
two files; nothing of its code is used. Without it, FastAPI's page is served.
"""

import base64
import hashlib
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

__all__ = ["find_assets", "install"]

_PACKAGE = "fastapi_offline"

_START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true});'

# The addresses are relative: the page works below any sub-path.
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Vasari: the API</title>
<link rel="icon" href="web/icon.svg">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script>{_START}</script>
</body>
</html>
"""

_START_DIGEST = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()

# Swagger UI styles by attributes; it loads and asks nothing but what is here.
_POLICY = (
    f"default-src 'none'; script-src 'self' 'sha256-{_START_DIGEST}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def find_assets() -> Path | None:
    """Find the folder with Swagger UI's files; None where the package is not installed."""
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "static"


def install(app: FastAPI, assets: Path) -> None:
    """Serve the page at `/docs` and its parts below.

    Args:
        app: What serves it; made with `docs_url=None`.
        assets: Folder of swagger-ui.css and swagger-ui-bundle.js.
    """

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})

    app.mount("/docs", StaticFiles(directory=assets), name="docs")
