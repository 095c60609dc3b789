"""The process that serves: socket, logging, signals, and an orderly end."""

import asyncio
import faulthandler
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import uvicorn

from app.colleagues import Colleagues
from app.connections import BACKLOG, guarded_protocol, raise_descriptor_limit
from app.errors import SettingsError
from app.logs import prepare_logging
from app.main import create_app
from app.runtime.memory import map_large_pieces
from app.service import Service
from app.settings import Settings

__all__ = ["serve", "serve_on"]

_log = logging.getLogger(__name__)

# A worker may be at a picture for so many deadlines before it counts as lost.
_PATIENCE = 2
_LEAST_HANG_SECONDS = 60.0
_TICKS_BETWEEN_LOOKS = 10  # of uvicorn's, ten a second
_STUCK_CODE = 70


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop by SIGTERM or SIGINT.

    The models are loaded before the port is opened: a connection is an answer.

    Raises:
        SettingsError: The address cannot be listened on.
        DeviceError: The device that was asked for is not there.
        ModelError: A configured model cannot be served.
    """
    with _bound_socket(settings) as listener:
        if settings.workers == 0:
            serve_on(settings, listener, _announce)
        else:
            from app.supervisor import supervise  # noqa: PLC0415

            prepare_logging(settings.log_level, settings.log_format)
            supervise(serve_on, settings, listener, _announce)


def serve_on(
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
    colleagues: Colleagues | None = None,
    last_words: int | None = None,
) -> None:
    """Serve on a socket in this process.

    Args:
        settings: What to serve.
        listener: Bound, and not listening yet.
        announce: Called with one line when the service is ready.
        colleagues: The other processes on that socket, if there are any.
        last_words: Descriptor that the traceback of a crash goes to. Defaults to the
            standard error.

    Raises:
        DeviceError: The device that was asked for is not there.
        ModelError: A configured model cannot be served.
    """
    prepare_logging(settings.log_level, settings.log_format)
    last_words = sys.stderr.fileno() if last_words is None else last_words
    # A decoder that crashes says where, and nothing of the picture.
    faulthandler.enable(last_words)
    map_large_pieces()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        is_stuck = runner.run(_serve(settings, listener, announce, colleagues, last_words))
    if is_stuck:
        raise SystemExit(_STUCK_CODE)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where there is one: a request of 2 MB takes 4 % less of the processor by it."""
    if find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _serve(
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
    colleagues: Colleagues | None,
    last_words: int,
) -> bool:
    """Serve until told to end, or until a worker thread is stuck, which is returned."""
    app = create_app(settings, colleagues)
    connections = raise_descriptor_limit(settings.max_connections)
    config = uvicorn.Config(
        app,
        lifespan="off",  # entered here, so that what it raises is ours to tell
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        root_path=settings.root_path,
        http=guarded_protocol(idle_seconds=settings.idle_seconds, most=connections),
        backlog=BACKLOG,
        # Whom a request comes from is believed of no proxy but those that are named.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=math.ceil(settings.deadline_seconds),
    )
    async with app.router.lifespan_context(app):
        server = _Server(config, app.state.service, announce, last_words)
        try:
            await server.serve(sockets=[listener])
        finally:
            faulthandler.cancel_dump_traceback_later()
    return server.is_stuck


class _Server(uvicorn.Server):
    """Announces itself, and ends with code 0 when it is told to."""

    def __init__(
        self,
        config: uvicorn.Config,
        service: Service,
        announce: Callable[[str], None],
        last_words: int,
    ) -> None:
        super().__init__(config)
        self.is_stuck = False
        self._service = service
        self._announce = announce
        self._last_words = last_words

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        where = f"[{host}]" if ":" in host else host
        models = ", ".join(each.version.reference for each in self._service.residents.current)
        self._announce(
            f"Vasari is ready at http://{where}:{port}{self.config.root_path} with {models}"
        )

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_BETWEEN_LOOKS == 0:
            self._look_after_workers()
        return await super().on_tick(counter)

    def _look_after_workers(self) -> None:
        """End this process where a thread, or all of it, does not come back from a picture.

        A thread cannot be ended, and it owns interpreters that no other may use: only a new
        process has all its workers again. What is in work elsewhere is answered first.
        """
        patience = _PATIENCE * self._service.settings.deadline_seconds
        # A timer of C's that needs no Python: it ends a process whose interpreter hangs too.
        faulthandler.dump_traceback_later(
            max(_LEAST_HANG_SECONDS, patience), exit=True, file=self._last_words
        )
        if self._service.engine.longest_run > patience and not self.is_stuck:
            _log.critical(
                "a worker has been at one picture for over %g s: this process ends", patience
            )
            self.is_stuck = self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Uvicorn's own raises the signal again when it is done, which would end the
        # process before the engine is closed.
        loop = asyncio.get_running_loop()
        # Where a supervisor minds this process, it is told of an interrupt by that alone.
        signals = [signal.SIGTERM]
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signals.append(signal.SIGINT)
        for each in signals:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        # From a terminal the same signal says that the terminal is gone: it must end us.
        if not os.isatty(0):
            loop.add_signal_handler(signal.SIGHUP, self._service.watcher.look_now)
        try:
            yield
        finally:
            for each in signals:
                loop.remove_signal_handler(each)
            loop.remove_signal_handler(signal.SIGHUP)


def _bound_socket(settings: Settings) -> socket.socket:
    """Take the port before the models are loaded, without listening on it yet."""
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {where} (VASARI_HOST, VASARI_PORT): {error.strerror}."
        ) from None
    return listener
