"""A verification as a JUnit report, which every CI system can show."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Final

from higress_cli.errors import HgwError
from higress_cli.gateway.contract import Evidence
from higress_cli.i18n import _, chained
from higress_cli.scenarios.step import Step, StepStatus, wanted_and_got

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot contain, not even escaped."""


_BEGINS: Final = re.compile(rb"\s*(?:<\?xml[^>]*>)?\s*(?:<!--.*?-->\s*)*<testsuites?\b", re.DOTALL)
LONGEST_PROLOGUE: Final = 4096
"""How many bytes of a file are looked at to tell whether it is a report."""


def is_junit(begin: bytes) -> bool:
    """Whether a file that begins so is a JUnit report, of hgw or of another tool."""
    return _BEGINS.match(begin.removeprefix(b"\xef\xbb\xbf")) is not None


def junit(suite: str, steps: Sequence[Step], *, error: HgwError | None = None) -> bytes:
    """The report of the test suite `suite`: a test case per step, and one more for an error that ended it early."""
    failed = sum(not step.ok for step in steps)
    root = ET.Element(
        "testsuite",
        name=_clean(suite),
        tests=str(len(steps) + (error is not None)),
        failures=str(failed),
        errors=str(int(error is not None)),
        skipped=str(sum(step.status is StepStatus.SKIPPED for step in steps)),
        time=f"{sum(step.seconds for step in steps):.3f}",
    )
    several = len({(step.abi, step.engine) for step in steps}) > 1
    for step in steps:
        # Readers take cases of one class and one name for the same.
        classname = f"{suite} (ABI {step.abi}, {step.engine})" if several else suite
        case = ET.SubElement(
            root, "testcase", classname=_clean(classname), name=_clean(step.name), time=f"{step.seconds:.3f}"
        )
        if not step.ok:
            wrong = [check for check in step.checks if not check.ok]
            message = chained(text for check in wrong for text in wanted_and_got(check))
            failure = ET.SubElement(case, "failure", message=_clean(message))
            failure.text = _clean("\n".join(_failure_lines(step, wrong)))
        elif step.status is StepStatus.SKIPPED:
            ET.SubElement(case, "skipped", message=_clean(step.reason or ""))
    if error is not None:
        case = ET.SubElement(root, "testcase", classname=_clean(suite), name=error.code)
        ET.SubElement(case, "error", type=error.code, message=_clean(error.message)).text = _clean(error.hint or "")
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _failure_lines(step: Step, wrong: Sequence[Evidence]) -> Iterator[str]:
    """All that is known about a failed step, line by line."""
    if step.file is not None:
        yield f"{step.file}:{step.line}"
    if step.exchange is not None:
        yield _("sent: {request}").format(request=step.exchange.request)
    for check in wrong:
        yield from wanted_and_got(check)
        if check.difference:
            yield check.difference
    for cause in step.causes:
        yield _("cause: {text}").format(text=cause)
    yield from step.log


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
