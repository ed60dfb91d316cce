"""What happens in a gateway that runs, told to the person at the terminal."""

import contextlib
from pathlib import Path

from higress_cli.gateway.events import Event, PluginLine, StreamEnded, Trap
from higress_cli.gateway.live import Loading, Ready, Refused
from higress_cli.gateway.words import stream_line, trap_lines
from higress_cli.i18n import _
from higress_cli.reporter import Reporter


class Narrator:
    """Tells each event that is worth a line. `config` is the file of the plugin's configuration."""

    def __init__(self, reporter: Reporter, *, config: Path) -> None:
        self._reporter = reporter
        self._config = config
        self._loading = contextlib.ExitStack()

    def __call__(self, event: Event) -> None:
        match event:
            case PluginLine():
                self._reporter.event(f"[{event.level}] {event.text}", at=event.at, level=event.level)
            case StreamEnded():
                self._reporter.event(stream_line(event), at=event.at)
            case Trap():
                first, *more = trap_lines(event)
                self._reporter.event(f"[error] {first}", at=event.at, level="error")
                for line in more:
                    self._reporter.event(f"        {line}", at=event.at, level="error")
            case Loading():
                activity = self._reporter.activity(_("loading {path}").format(path=event.change.plugin.path.name))
                self._loading.enter_context(activity)
            case Ready():
                self._loading.close()
                self._changed(event)
            case Refused():
                self._loading.close()
                self._reporter.warn(event.error.message)
                self._reporter.note(_("the gateway continues with what it had before"))

    def _changed(self, event: Ready) -> None:
        before, now = event.before, event.change
        if before is None:
            return
        if now.config != before.config:
            self._reporter.note(_("in effect now: {path}").format(path=self._config))
        if now.plugin.sha256 != before.plugin.sha256:
            text = _("in effect now: {path}, sha256 {digest}")
            self._reporter.note(text.format(path=now.plugin.path, digest=now.plugin.sha256))
