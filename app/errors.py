"""Everything that can go wrong, in one tree.

VasariError
|-- SettingsError            a VASARI_* variable has a bad value; start-up stops
|-- DeviceError              the device that was asked for is not there; start-up stops
|-- ModelError               a version in models_store cannot be served
|   |-- CardError            card.json is missing, unreadable or of an unknown format
|   |-- SignatureError       card.sig is missing, or no trusted key vouches for this card
|   `-- IntegrityError       a file is missing, altered or answers differently
`-- Problem                  what a caller is told, as application/problem+json
    |-- ImageProblem         the picture itself
    |   |-- NoImage              400 no_image
    |   |-- EmptyImage           422 empty_image
    |   |-- UnsupportedImage     415 unsupported_image
    |   |-- BrokenImage          422 broken_image
    |   |-- ImageTooSmall        422 image_too_small
    |   `-- ImageTooLarge        413 image_too_large
    |-- InvalidRequest       422 invalid_request
    |-- Unauthorized         401 unauthorized (with WWW-Authenticate)
    |-- UrlNotAllowed        403 url_not_allowed
    |-- UrlFailed            422 url_failed
    |-- BodyTimeout          408 body_timeout
    |-- BodyTooLarge         413 body_too_large
    |-- UnsupportedBody      415 unsupported_body
    |-- UnknownModel         404 unknown_model
    |-- NotFound             404 not_found
    |-- MethodNotAllowed     405 method_not_allowed
    |-- RateLimited          429 rate_limited (with Retry-After)
    |-- TooManyAtOnce        429 too_many_at_once (with Retry-After)
    |-- Overloaded           503 overloaded (with Retry-After)
    |-- NotReady             503 not_ready (with Retry-After)
    |-- DeadlineExceeded     504 deadline_exceeded
    `-- InternalError        500 internal_error
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class VasariError(Exception):
    """Anything that Vasari raises on purpose."""


class SettingsError(VasariError):
    """A setting has a value that cannot be used."""


class DeviceError(VasariError):
    """The device that was asked for is not available."""


class ModelError(VasariError):
    """A version in models_store cannot be served."""


class CardError(ModelError):
    """card.json is missing, unreadable or of an unknown format."""


class SignatureError(ModelError):
    """No trusted key vouches for the card of a version."""


class IntegrityError(ModelError):
    """A file of a version is missing, altered, or the model answers differently."""


class Problem(VasariError):  # noqa: N818  the RFC's word
    """What a caller is told: an RFC 9457 problem.

    Args:
        detail: One sentence: what was expected and what came.
        extensions: Further members of the problem document, such as the
            list of models that are known.

    Attributes:
        retry_after: Seconds after which it is worth another try; None for never.
        headers: Further headers of the answer.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    headers: Mapping[str, str] = MappingProxyType({})
    retry_after: int | None = None

    def __init__(self, detail: str, **extensions: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extensions = extensions


class ImageProblem(Problem):
    """The picture itself cannot be read or used."""

    status = 422
    code = "broken_image"
    title = "The picture cannot be used"


class NoImage(ImageProblem):
    """The request carries no picture."""

    status = 400
    code = "no_image"
    title = "No picture was sent"


class EmptyImage(ImageProblem):
    """The picture has no bytes."""

    code = "empty_image"
    title = "The picture is empty"


class UnsupportedImage(ImageProblem):
    """The bytes are not of a format that is read."""

    status = 415
    code = "unsupported_image"
    title = "Not a picture that can be read"


class BrokenImage(ImageProblem):
    """The bytes are damaged or cut short."""

    code = "broken_image"
    title = "The picture is damaged"


class ImageTooSmall(ImageProblem):
    """Too few pixels to tell anything from."""

    code = "image_too_small"
    title = "The picture is too small"


class ImageTooLarge(ImageProblem):
    """More pixels than the service decodes."""

    status = 413
    code = "image_too_large"
    title = "The picture is too large"


class InvalidRequest(Problem):
    """A parameter is missing or has a value that cannot be used."""

    status = 422
    code = "invalid_request"
    title = "The request cannot be understood"


class Unauthorized(Problem):
    """The request has no API key that is known."""

    status = 401
    code = "unauthorized"
    title = "A key is needed"
    # A browser asks its user for it, and the page works with what is given as the password.
    headers = MappingProxyType({"WWW-Authenticate": 'Basic realm="Vasari", charset="UTF-8"'})


class UrlNotAllowed(Problem):
    """The picture's address is none that the service fetches from."""

    status = 403
    code = "url_not_allowed"
    title = "The address is not allowed"


class UrlFailed(Problem):
    """The picture could not be fetched from its address."""

    status = 422
    code = "url_failed"
    title = "The picture could not be fetched"


class BodyTimeout(Problem):
    """The body did not come in time."""

    status = 408
    code = "body_timeout"
    title = "The request took too long to arrive"
    headers = MappingProxyType({"Connection": "close"})


class BodyTooLarge(Problem):
    """The body has more bytes than the service accepts."""

    status = 413
    code = "body_too_large"
    title = "The request body is too large"


class UnsupportedBody(Problem):
    """The body is of a type that the endpoint does not take."""

    status = 415
    code = "unsupported_body"
    title = "The request body has the wrong type"


class UnknownModel(Problem):
    """No model of this name or version is known."""

    status = 404
    code = "unknown_model"
    title = "No such model"


class NotFound(Problem):
    """Nothing is served at this address."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(Problem):
    """The address exists, but not for this method."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"

    def __init__(self, detail: str, *, allow: str = "GET", **extensions: object) -> None:
        super().__init__(detail, **extensions)
        self.headers = {"Allow": allow}


class RateLimited(Problem):
    """The caller asks more often than it may."""

    status = 429
    code = "rate_limited"
    title = "Too many requests"
    retry_after = 1

    def __init__(self, detail: str, *, retry_after: int = 1, **extensions: object) -> None:
        super().__init__(detail, **extensions)
        self.retry_after = retry_after


class TooManyAtOnce(Problem):
    """The caller has more requests in work than it may."""

    status = 429
    code = "too_many_at_once"
    title = "Too many requests at once"
    retry_after = 1


class Overloaded(Problem):
    """More work is waiting than can be done in time."""

    status = 503
    code = "overloaded"
    title = "Too busy"
    retry_after = 1


class NotReady(Problem):
    """The service is starting or stopping."""

    status = 503
    code = "not_ready"
    title = "Not ready"
    retry_after = 1


class DeadlineExceeded(Problem):
    """The answer did not come in time."""

    status = 504
    code = "deadline_exceeded"
    title = "Too late"


class InternalError(Problem):
    """The service failed; the fault is not the caller's."""
