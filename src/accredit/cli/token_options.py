"""The options of ``accredit token``, and what is known of every source without loading one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES: Final = (
    *("github_actions", "azure_devops", "gitlab", "buildkite", "circleci", "terraform", "bitbucket", "semaphore"),
    *("spacelift", "env0", "vercel", "fly", "kubernetes_file", "spiffe", "google_cloud", "aws_outbound", "imds"),
    *("vault", "client_credentials", "jenkins", "file", "env", "exec", "stdin"),
)
"""Those of the registry, which is not read before it is needed."""
FORMATS: Final = ("plain", "json", "env", "exec-credential", "credential-process")

_OPTIONS: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (("--source",), {"metavar": "NAME", "default": "auto", "help": f"auto, {', '.join(SOURCES)}."}),
    (("--audience",), {"help": "What it is to be for (api://AzureADTokenExchange, where that can be chosen)."}),
    (("--file",), {"metavar": "FILE", "help": "Of the sources file, kubernetes_file, jenkins: where the token is."}),
    (("--variable",), {"metavar": "NAME", "help": "Of env, gitlab, jenkins: the variable that holds it."}),
    (
        ("--command",),
        {"metavar": "LINE", "help": "Of exec: program and arguments, split as a shell does, run by none."},
    ),
    (("--role",), {"metavar": "NAME", "help": "Of vault: the role."}),
    (("--service-connection",), {"metavar": "ID", "help": "Of azure_devops: the service connection."}),
    (("--set", "pairs"), {"metavar": "NAME=VALUE", "multiple": True, "help": "Anything else that a source takes."}),
    (
        ("--explain",),
        {"is_flag": True, "help": "Print what the token says, and the credential to add for it; no token."},
    ),
    (("--exchange",), {"is_flag": True, "help": "Print the access token that an authority gives for it."}),
    (("-a", "--app", "client_id"), {"metavar": "ID", "help": "With --exchange: the application (ACCREDIT_CLIENT_ID)."}),
    (("--scope",), {"help": "With --exchange: what the access token is for, RESOURCE/.default."}),
    (("--authority",), {"metavar": "URL", "help": "With --exchange: its address (ACCREDIT_URL); Entra ID's, too."}),
    (("--ca-file",), {"metavar": "FILE", "help": "With --exchange: the authority's CA (ACCREDIT_CA_FILE)."}),
    (
        ("--ready-file",),
        {"metavar": "FILE", "help": "With --exchange: the ready file of an emulator, for all of these."},
    ),
    (
        ("--cache",),
        {"is_flag": True, "help": "With --exchange: keep the access token in a file of yours until it ends."},
    ),
    (
        ("--format", "form"),
        {"metavar": "FORM", "type": click.Choice(FORMATS), "help": f"{', '.join(FORMATS)}; plain: the token alone."},
    ),
    (("--as", "named"), {"metavar": "NAME", "help": "With --format env: the variable's name."}),
)


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add them."""
    for names, more in reversed(_OPTIONS):
        function = click.option(*names, **more)(function)
    return function
