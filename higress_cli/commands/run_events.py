"""Report the events of a running gateway on the terminal."""

import contextlib
from datetime import datetime

from higress_cli.errors import REPORT_AT
from higress_cli.gateway.contract import Change
from higress_cli.gateway.events import Event, FilesExhausted, NotReturned, PluginLine, RequestHangs, StreamEnded, Trap
from higress_cli.gateway.live_gateway import ChangeRefused, DiskFull, Loading, Ready, RestartNeeded, SourceChanged
from higress_cli.gateway.run_folder import BUGS, RunFolder
from higress_cli.gateway.services import example_address, service_key
from higress_cli.gateway.words import hanging_line, not_returned_line, stream_line, trap_lines
from higress_cli.gateway.wrapper_lines import unknown_service
from higress_cli.i18n import _, listed
from higress_cli.knowledge.catalogue import advice
from higress_cli.project.settings import FILE_NAME
from higress_cli.reporter import Reporter
from higress_cli.system.os_errors import DISK_FULL, too_many_files
from higress_cli.system.urls import shown


class Narrator:
    """Reports each event that is worth a line.

    `change` is what the gateway started with, `folder` holds the files of the run.
    """

    def __init__(self, reporter: Reporter, *, change: Change, folder: RunFolder) -> None:
        self._reporter = reporter
        self._folder = folder
        self._change = change
        self._loading = contextlib.ExitStack()
        self._missed: set[str] = set()
        self._was_short = False
        # Looked up now: when no more files can be opened, the catalogue cannot either.
        self._more_files = advice(too_many_files().code) or ""

    def __call__(self, event: Event) -> None:
        match event:
            case PluginLine():
                self._reporter.event(f"[{event.level}] {event.text}", at=event.at, level=event.level)
            case StreamEnded():
                self._reporter.event(stream_line(event), at=event.at)
            case Trap():
                first, *more = trap_lines(event, packages=self._change.packages)
                self._reporter.event(f"[error] {first}", at=event.at, level="error")
                for line in more:
                    self._reporter.event(f"        {line}", at=event.at, level="error")
            case FilesExhausted():
                self._short_of_files()
            case _:
                self._files(event)
        self._missed_service(event)

    def _short_of_files(self) -> None:
        """Warn once: each further connection would say the same."""
        if self._was_short:
            return
        self._was_short = True
        text = _("{problem}; connections wait or fail until others end")
        self._reporter.warn(text.format(problem=too_many_files().message))
        self._reporter.advise(self._more_files)

    def _files(self, event: Event) -> None:
        """Report an event about changed files."""
        match event:
            case Loading():
                activity = self._reporter.activity(_("Loading {path}").format(path=self._edited(event.change)))
                self._loading.enter_context(activity)
            case Ready():
                self._loading.close()
                self._changed(event)
            case ChangeRefused():
                self._loading.close()
                self._refused(event)
            case RestartNeeded() if event.settings:
                text = _("{settings} takes effect when `hgw run` is started again")
                self._reporter.warn(text.format(settings=listed(event.settings)))
            case NotReturned():
                self._reporter.event(f"[warn] {not_returned_line(event)}", at=event.at, level="warn")
            case RequestHangs():
                self._reporter.event(f"[warn] {hanging_line(event)}", at=event.at, level="warn")
            case DiskFull():
                text = _("the disk of {path} is full: the gateway goes on, but its logs and records do not")
                self._reporter.warn(text.format(path=self._folder.path))
            case SourceChanged():
                text = _("the source no longer matches {path}: type `hgw build`, and the gateway loads the new module")
                self._reporter.note(text.format(path=event.module.name))

    def _refused(self, event: ChangeRefused) -> None:
        self._reporter.warn(event.error.message)
        if event.traceback is not None:
            self._bug(shown(event.traceback), at=event.at)
        elif hint := event.error.hint or advice(event.error.code):
            self._reporter.advise(hint)
        if event.error.code == DISK_FULL:
            text = _("the gateway continues with what it had before: save the file again when there is space")
        else:
            text = _("the gateway continues with what it had before")
        self._reporter.note(text)

    def _bug(self, traceback: str, *, at: datetime) -> None:
        """Keep the traceback of a bug in the run's folder, show it if details are wanted, and say where to report."""
        self._folder.log(BUGS).add(at.isoformat(), traceback.rstrip())
        self._reporter.detail(traceback.rstrip())
        text = _("please report it, with the end of {path}, at {url}")
        self._reporter.advise(text.format(path=self._folder.path / BUGS, url=REPORT_AT))

    def _edited(self, now: Change) -> str:
        """The name of the file from which the change differs: the module, the configuration or hgw.yaml."""
        if now.plugin.sha256 != self._change.plugin.sha256:
            return now.plugin.path.name
        return now.config_file.name if now.config != self._change.config else FILE_NAME

    def _changed(self, event: Ready) -> None:
        before, now = event.before, event.change
        self._change = now
        if before is None:
            return
        if now.config is None and before.config is not None:
            text = _("{path} is gone: from now on the plugin runs without a configuration")
            self._reporter.warn(text.format(path=now.config_file))
        elif now.config != before.config:
            self._reporter.note(_("in effect now: {path}").format(path=now.config_file))
        if (now.services, now.env, now.buffer_limit) != (before.services, before.env, before.buffer_limit):
            self._reporter.note(_("in effect now: {path}").format(path=FILE_NAME))
        if now.plugin.sha256 != before.plugin.sha256:
            text = _("in effect now: {path}, sha256 {digest}")
            self._reporter.note(text.format(path=now.plugin.path, digest=now.plugin.sha256))
        for note in event.applied.notes:
            self._reporter.note(note)

    def _missed_service(self, event: Event) -> None:
        """Warn once about a call to a service that is not mapped, for which the plugin only sees `bad argument`."""
        missed = unknown_service(event, self._change.services)
        if missed is None or missed.cluster in self._missed:
            return
        self._missed.add(missed.cluster)
        text = _(
            "the plugin calls {cluster}, and no service is mapped to it; for example: --service {key}={address}, or "
            "run.services in hgw.yaml"
        )
        address = example_address(is_redis=missed.is_redis)
        self._reporter.warn(text.format(cluster=missed.cluster, key=service_key(missed.cluster), address=address))
