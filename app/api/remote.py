"""`{"url": "https://..."}` in place of a picture, where the operator has switched that on."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.api.uploads import media_type, read_small_body
from app.errors import InvalidRequest
from app.remote_pictures import RemotePictures
from app.runtime.engine import Upload
from app.settings import Settings

__all__ = ["fetch_picture", "install", "is_asked"]

_JSON = "application/json"


class PictureAddress(BaseModel):
    """Where a picture is to be fetched from."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(min_length=1, max_length=2000)]


def install(app: FastAPI, settings: Settings) -> None:
    """Make the application fetch from the hosts of the settings, and document that it does."""
    app.state.remote_pictures = None
    if not settings.url_hosts:
        return
    app.state.remote_pictures = RemotePictures(
        settings.url_hosts,
        seconds=settings.url_seconds,
        most_bytes=settings.max_body_bytes,
    )
    make: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        body = document["paths"]["/predict"]["post"]["requestBody"]
        body["content"][_JSON] = {"schema": PictureAddress.model_json_schema()}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def is_asked(request: Request) -> bool:
    """Tell whether the body is an address, and this service fetches any."""
    return request.app.state.remote_pictures is not None and media_type(request) == _JSON


async def fetch_picture(request: Request, upload: Upload) -> bytes:
    """Fetch the picture whose address the body has.

    Args:
        request: Its body is unread.
        upload: Accounts for the bytes.

    Raises:
        InvalidRequest: The body is not of the form.
        Problem: Whatever `RemotePictures.fetch` raises.
    """
    body = await read_small_body(request, upload)
    try:
        address = PictureAddress.model_validate_json(body)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise InvalidRequest(f'Expected {{"url": "https://..."}}; {reason}.') from None
    remote: RemotePictures = request.app.state.remote_pictures
    return await remote.fetch(address.url, upload.grow)
