"""Whether every branch of the modules without effects was run by the tests, from what `make test` has measured.

These make values of values, or of a file that they are given: for each branch there is a call that takes it.
"""

import sys
from typing import Final

from coverage import Coverage

PURE: Final = (
    "higress_cli/abi.py",
    "higress_cli/choice.py",
    "higress_cli/cli/command_line.py",
    "higress_cli/cli/help_page.py",
    "higress_cli/cli/wrap.py",
    "higress_cli/cluster.py",
    "higress_cli/compile/collector.py",
    "higress_cli/compile/derived_module.py",
    "higress_cli/compile/flags.py",
    "higress_cli/compile/recipe.py",
    "higress_cli/compile/target.py",
    "higress_cli/data/__init__.py",
    "higress_cli/digest.py",
    "higress_cli/doctor/envoy_filters.py",
    "higress_cli/doctor/observations.py",
    "higress_cli/doctor/wasm_plugin.py",
    "higress_cli/doctor/written_configuration.py",
    "higress_cli/document.py",
    "higress_cli/errors.py",
    "higress_cli/fault.py",
    "higress_cli/gateway/engines/docker/config.py",
    "higress_cli/gateway/engines/envoy/bootstrap.py",
    "higress_cli/gateway/engines/envoy/details.py",
    "higress_cli/gateway/engines/envoy/limits.py",
    "higress_cli/gateway/engines/envoy/log_lines.py",
    "higress_cli/gateway/identity.py",
    "higress_cli/gateway/redis_store.py",
    "higress_cli/gateway/services.py",
    "higress_cli/gateway/wrapper_lines.py",
    "higress_cli/go/*.py",
    "higress_cli/knowledge/catalogue.py",
    "higress_cli/knowledge/compatibility.py",
    "higress_cli/knowledge/dependencies.py",
    "higress_cli/knowledge/go_modules.py",
    "higress_cli/knowledge/images.py",
    "higress_cli/oci/challenge.py",
    "higress_cli/oci/formats.py",
    "higress_cli/oci/image.py",
    "higress_cli/oci/layout.py",
    "higress_cli/oci/manifest.py",
    "higress_cli/oci/readers.py",
    "higress_cli/oci/reference.py",
    "higress_cli/oci/stored_gzip.py",
    "higress_cli/phases.py",
    "higress_cli/profile.py",
    "higress_cli/project/file_schema.py",
    "higress_cli/project/matcher.py",
    "higress_cli/project/parents.py",
    "higress_cli/project/parser_words.py",
    "higress_cli/project/resolution.py",
    "higress_cli/project/scenario.py",
    "higress_cli/project/scenario_files.py",
    "higress_cli/project/scenario_grammar.py",
    "higress_cli/project/scenario_parts.py",
    "higress_cli/project/settings.py",
    "higress_cli/project/shapes.py",
    "higress_cli/project/wasm_plugin.py",
    "higress_cli/project/wasm_plugin_fields.py",
    "higress_cli/project/yaml_node.py",
    "higress_cli/proxy_wasm/actions.py",
    "higress_cli/proxy_wasm/enums.py",
    "higress_cli/proxy_wasm/errors.py",
    "higress_cli/proxy_wasm/headers.py",
    "higress_cli/proxy_wasm/pairs.py",
    "higress_cli/proxy_wasm/redis.py",
    "higress_cli/result.py",
    "higress_cli/scaffold/names.py",
    "higress_cli/scenarios/agreement.py",
    "higress_cli/scenarios/causes.py",
    "higress_cli/scenarios/comparison.py",
    "higress_cli/scenarios/condition_checks.py",
    "higress_cli/scenarios/github.py",
    "higress_cli/scenarios/judge.py",
    "higress_cli/scenarios/judge_inside.py",
    "higress_cli/scenarios/judge_outside.py",
    "higress_cli/scenarios/junit.py",
    "higress_cli/scenarios/matching.py",
    "higress_cli/scenarios/neutral_answers.py",
    "higress_cli/scenarios/observation.py",
    "higress_cli/scenarios/pause.py",
    "higress_cli/settings/*.py",
    "higress_cli/size.py",
    "higress_cli/spelling.py",
    "higress_cli/system/error_causes.py",
    "higress_cli/system/pattern.py",
    "higress_cli/system/shell.py",
    "higress_cli/system/shell_exports.py",
    "higress_cli/system/urls.py",
    "higress_cli/system/visible_text.py",
    "higress_cli/system/whole_numbers.py",
    "higress_cli/tool.py",
    "higress_cli/toolchain/program_build_info.py",
    "higress_cli/wasm/*.py",
)


def main() -> int:
    """Print what is missing; 1 if anything is."""
    measured = Coverage()
    measured.load()
    return int(measured.report(include=list(PURE), show_missing=True, skip_covered=True) < 100)  # noqa: PLR2004 -- per cent


if __name__ == "__main__":
    sys.exit(main())
