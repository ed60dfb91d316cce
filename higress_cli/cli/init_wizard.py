"""The questions that `hgw init` asks at a terminal; each has an option that answers it in advance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from higress_cli.cli.questions import ask, refused_choice, yes_or_no
from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import cells, terminal_width, wrap
from higress_cli.commands import init as use_case
from higress_cli.commands.init_answers import Wishes, answers_for
from higress_cli.i18n import LANGUAGES, _, joined, listed, noted
from higress_cli.knowledge.compatibility import floor
from higress_cli.profile import Profile
from higress_cli.scaffold.manifest import Template, Variable
from higress_cli.scaffold.names import check_module_path, check_name, module_from
from higress_cli.scaffold.scaffold import Answers, variable_value
from higress_cli.session import Session
from higress_cli.settings.machine import TEMPLATE
from higress_cli.settings.project import GATEWAY, NAME, PROFILE
from higress_cli.settings.resolver import Answer
from higress_cli.settings.setting import Setting
from higress_cli.system.paths import expanded

T = TypeVar("T")

_LANGUAGE_NAMES: Final = {"en": "English", "zh": "中文"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is known about the new plugin; settings that were typed or answered are in `session`.

    `directory` is absolute; `lang_given` says that the language need not be asked for.
    """

    session: Session
    directory: Path
    wishes: Wishes
    lang_given: bool

    def has(self, setting: Setting[object]) -> bool:
        """Whether `setting` is already known, so that it need not be asked for."""
        return self.session.given.get(setting) is not None

    def answered(self, setting: Setting[object], value: str) -> "Order":
        """The order with an answer."""
        return replace(self, session=self.session.typed({setting: Answer(value)}))


def complete(order: Order, *, ui: Ui) -> Order:
    """`order` completed with the answers; an empty answer takes the suggestion."""
    title = _("A new plugin in {path}. Enter takes what is in brackets.").format(path=order.directory)
    for line in wrap(title, width=terminal_width()):
        ui.note(line)
    if not order.has(TEMPLATE):
        order = order.answered(TEMPLATE, _ask_template(order, ui))
    template = use_case.chosen_template(order.session)
    order = _ask_names(order, ui=ui, template=template)
    order = _ask_build(order, ui=ui, template=template)
    wishes = order.wishes
    if not order.lang_given:
        choices = {language: _LANGUAGE_NAMES[language] for language in LANGUAGES}
        wishes = replace(wishes, lang=_ask_choice(ui, _("Language of comments and README"), choices, wishes.lang))
    for name, variable in template.variables.items():
        if name not in wishes.variables:
            question = variable.help.in_(wishes.lang) if variable.help else name
            value = _ask(ui, question[:1].upper() + question[1:], str(variable.default), _acceptable(variable))
            wishes = replace(wishes, variables={**wishes.variables, name: value})
    if wishes.additions.git is None and use_case.can_make_repository(order.session, order.directory):
        git = yes_or_no(_("Make a git repository"), default=True, warn=ui.warn)
        wishes = replace(wishes, additions=replace(wishes.additions, git=git))
    ui.note("")
    return replace(order, wishes=wishes)


def ask_folder(session: Session, ui: Ui) -> Path:
    """Ask where to put the plugin, because the current folder is not empty."""
    name = str(session.given.get(NAME) or use_case.default_name())
    question = _("Folder of the plugin ({path} is not empty)").format(path=session.directory)
    beside = use_case.plugin_above(session.directory / name) == session.directory
    return _ask(ui, question, f"{'..' if beside else '.'}/{name}", expanded)


def ask_folder_beside(plugin: Path, directory: Path, ui: Ui) -> Path:
    """Ask where to put the plugin, because `directory` is inside another one."""
    question = _("Folder of the plugin ({path} is inside the plugin {plugin})").format(path=directory, plugin=plugin)
    return _ask(ui, question, str(plugin.parent / directory.name), expanded)


def _acceptable(variable: Variable) -> Callable[[str], str]:
    def accept(text: str) -> str:
        variable_value(variable, text, source=_("your answer"))
        return text

    return accept


def _ask_template(order: Order, ui: Ui) -> str:
    entries = use_case.templates(lang=order.wishes.lang).templates
    default = use_case.chosen_template(order.session).name
    room = max(cells(entry.name) for entry in entries) + 2
    width = terminal_width() - room - 6
    ui.note("")
    for number, entry in enumerate(entries, start=1):
        first, *more = wrap(entry.description, width=width)
        ui.note(f"  {number}  {entry.name:<{room}}{first}")
        for line in more:
            ui.note(f"     {'':<{room}}{line}")
    ui.note("")
    names = [entry.name for entry in entries]
    numbers = [str(number + 1) for number in range(len(names))]

    def chosen(text: str) -> str:
        if text in numbers:
            return names[numbers.index(text)]
        if text not in names:
            raise refused_choice(text, names)
        return text

    return _ask(ui, _("Template"), default, chosen)


def _ask_names(order: Order, *, ui: Ui, template: Template) -> Order:
    if not order.has(NAME):
        proposed = answers_for(order.session, directory=order.directory, template=template, wishes=order.wishes)
        name = _ask(ui, _("Plugin name"), proposed.name, lambda text: check_name(text, source=_("your answer")))
        order = order.answered(NAME, name)
    if order.wishes.module is None:
        module = _ask(
            ui,
            _("Go module path"),
            module_from(str(order.session.given[NAME])),
            lambda text: check_module_path(text, source=_("your answer")),
        )
        order = replace(order, wishes=replace(order.wishes, module=module))
    return order


def _ask_build(order: Order, *, ui: Ui, template: Template) -> Order:
    def proposed(order: Order) -> Answers:
        return answers_for(order.session, directory=order.directory, template=template, wishes=order.wishes)

    if not order.has(PROFILE) and len(template.profiles) > 1:
        titles = {
            Profile.TINYGO: _("TinyGo, small modules"),
            Profile.GO: _("native Go {go}, gateway {gateway} or newer").format(
                go=floor("go", profile=Profile.GO), gateway=Profile.GO.oldest_gateway
            ),
        }
        choices = {str(profile): titles[profile] for profile in template.profiles}
        order = order.answered(PROFILE, _ask_choice(ui, _("Compiler"), choices, proposed(order).profile))
    if not order.has(GATEWAY):
        so_far = order

        def fits(text: str) -> str:
            return proposed(so_far.answered(GATEWAY, text)).gateway

        order = order.answered(GATEWAY, _ask(ui, _("Gateway version"), proposed(order).gateway, fits))
    return order


def _ask_choice(ui: Ui, question: str, choices: Mapping[str, str], default: str) -> str:
    """Ask for one of `choices` (value: title); accept its number or the value."""
    values = list(choices)
    numbered = ((f"{number} {value}", title) for number, (value, title) in enumerate(choices.items(), start=1))
    titles = listed(noted(text, title) for text, title in numbered)
    for line in wrap(joined((question, titles)), width=terminal_width()):
        ui.note(line)
    numbers = [str(number + 1) for number in range(len(values))]

    def chosen(text: str) -> str:
        if text in numbers:
            return values[numbers.index(text)]
        if text not in values:
            raise refused_choice(text, values)
        return text

    return _ask(ui, question, default, chosen)


def _ask(ui: Ui, question: str, default: str, accept: Callable[[str], T]) -> T:
    return ask(question, default=default, accept=lambda text: accept(text or default), warn=ui.warn)
