"""AWS outbound federation: STS signs for the role or user whose access key asks. botocore finds the key and asks.

Rule 1: the regional endpoint is asked, whatever is configured: the global one does not have this operation.
Rule 2: looking for AWS asks nobody: variables and files are enough, and what a machine is is written in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from accredit.client.sources.source import Detection, there
from accredit.errors import SOURCE_EXTRA, SOURCE_MISSING, SOURCE_REFUSED, SOURCE_UNREACHABLE, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

SECONDS: Final = 300  # that a token lives
TIMEOUT: Final = 10.0  # seconds without an octet
ATTEMPTS: Final = 2
VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
FILES: Final = ("credentials", "config")  # of ~/.aws
VENDOR: Final = "/sys/class/dmi/id/sys_vendor"
_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_MEND: Final = {
    "OutboundWebIdentityFederationDisabledException": (
        "Once per account: aws iam enable-outbound-web-identity-federation"
    ),
    "AccessDenied": "The role or user needs the action sts:GetWebIdentityToken for this audience.",
}


@dataclass(frozen=True, slots=True)
class AwsOutbound:
    """``sts:GetWebIdentityToken``. ``algorithm``: ``RS256`` or ``ES384``; ``region``: where no variable says it."""

    name: ClassVar[str] = "aws_outbound"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings
    algorithm: str = "RS256"
    region: str = ""

    def detect(self) -> Detection:
        """Look for botocore, and for a sign of credentials."""
        seen = self._seen()
        if not seen:
            return Detection(found=False, why="there are no credentials of AWS, in variables or in files")
        if find_spec("botocore") is None:
            return Detection(found=False, why=f"{seen}, but the package boto3 is not installed")
        return Detection(found=True, why=seen)

    def fetch(self, audience: str) -> str:
        """Ask STS. ``SOURCE_MISSING``, ``SOURCE_EXTRA``, ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        try:
            from botocore import exceptions as boto  # type: ignore[import-untyped]  # noqa: PLC0415  an extra
        except ImportError:
            raise Refused(SOURCE_EXTRA, source=self.name) from None
        try:
            client = self._client()
            answer = client.get_web_identity_token(
                Audience=[audience], SigningAlgorithm=self.algorithm, DurationSeconds=SECONDS
            )
        except boto.ClientError as error:
            code, said = (str(error.response["Error"].get(each, "")) for each in ("Code", "Message"))
            raise Refused(
                SOURCE_REFUSED, source=self.name, reason=f"{code}: {said}", detail=_MEND.get(code, "")
            ) from None
        except (boto.ConnectionError, boto.HTTPClientError) as error:
            raise Refused(SOURCE_UNREACHABLE, source=self.name, url="STS", reason=str(error)) from None
        except boto.BotoCoreError as error:
            raise Refused(SOURCE_MISSING, source=self.name, reason=str(error)) from None
        return str(answer["WebIdentityToken"])

    def _client(self) -> Any:  # noqa: ANN401  botocore makes its clients' classes from data
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415
        from botocore.session import Session  # type: ignore[import-untyped]  # noqa: PLC0415

        value = self.around.value
        session = Session()
        session.set_config_variable("sts_regional_endpoints", "regional")
        if all(value(each) for each in _KEYS):
            session.set_credentials(*(value(each) for each in _KEYS), value("AWS_SESSION_TOKEN") or None)
        region = self.region or value("AWS_REGION") or value("AWS_DEFAULT_REGION") or None
        endpoint = value("AWS_ENDPOINT_URL_STS") or value("AWS_ENDPOINT_URL") or None
        if not (endpoint or region or session.get_config_variable("region")):
            reason = "no region is set, and the global endpoint of STS does not have this operation"
            raise Refused(SOURCE_MISSING, source=self.name, reason=reason, detail="Set AWS_REGION.")
        return session.create_client(
            "sts",
            region_name=region,
            endpoint_url=endpoint,
            verify=value("AWS_CA_BUNDLE") or None,
            config=Config(connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"total_max_attempts": ATTEMPTS}),
        )

    def _seen(self) -> str:
        """Return which variable or file speaks of credentials; empty: none."""
        for name in VARIABLES:
            if self.around.value(name):
                return f"{name} is set"
        home = self.around.value("HOME")
        for name in FILES if home else ():
            if there(Path(home, ".aws", name)):
                return f"~/.aws/{name} is there"
        try:
            if self.around.file(self.name, self.around.path(VENDOR)).startswith("Amazon"):
                return f"{VENDOR} says Amazon"
        except Refused:
            pass  # no such file, which says nothing
        return ""
