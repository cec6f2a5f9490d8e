"""Sign-ins as log records of OpenTelemetry, in Protocol Buffers. The extra ``otel`` has what this module imports.

Rule 1: ``log.record.uid`` says which record it is: records with the same one are the same, and all but one can be
dropped. It is the event's id; of an aggregate, which may come again when it has grown, id and count.
Rule 2: attributes of a record are those of ``columns``, under ``accredit.``, besides the two that OpenTelemetry names.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from accredit.interop import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from accredit.interop.columns import Value
    from accredit.signins import Event

SCOPE: Final = "accredit.sign_ins"
SIGN_IN: Final = "accredit.sign_in"
GAP: Final = "accredit.export.gap"
PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_PREFIX: Final = "accredit."
_NAMED: Final = {"address": "client.address", "user_agent": "user_agent.original"}  # as OpenTelemetry calls them
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


class Unreadable(Exception):
    """An answer that is none of a collector's."""


def record(event: Event) -> LogRecord:
    """Write a sign-in."""
    row = columns.row(event)
    identity = str(event.id) if event.last_id is None else f"{event.id}/{event.count}"
    how = f"refused ({event.code})" if event.code else "granted"
    return _record(
        SIGN_IN,
        f"sign-in {how}: {event.app_name}",
        event.at,
        SeverityNumber.SEVERITY_NUMBER_WARN if event.code else SeverityNumber.SEVERITY_NUMBER_INFO,
        {"log.record.uid": identity, **{_NAMED.get(name, _PREFIX + name): value for name, value in row.items()}},
    )


def gap(count: int, after: datetime | None, before: datetime | None, now: datetime) -> LogRecord:
    """Say that ``count`` sign-ins were deleted before they could be sent: those between two times."""
    known = {"gap.count": count, "gap.after": after, "gap.before": before}
    identity = f"gap/{_nanoseconds(after)}/{_nanoseconds(before)}/{count}"
    text = f"{count} sign-ins were deleted before they could be exported"
    attributes: dict[str, Value] = {_PREFIX + name: each for name, each in known.items()}
    return _record(GAP, text, now, SeverityNumber.SEVERITY_NUMBER_ERROR, {"log.record.uid": identity, **attributes})


def request(records: Iterable[LogRecord], about: Mapping[str, str]) -> bytes:
    """Write a request. ``about``: attributes of whoever sends it; a request without records asks for nothing."""
    found = list(records)
    logs = ScopeLogs(scope=InstrumentationScope(name=SCOPE), log_records=found)
    resource = Resource(attributes=_attributes(about))
    made = ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=resource, scope_logs=[logs])] if found else ())
    return made.SerializeToString()


def answer(body: bytes, kind: str) -> tuple[int, str]:
    """Read what a collector said to a request that it took: how many records it rejected, and why.

    ``kind``: the media type. Raises ``Unreadable`` for what no collector says: it stands for something in between.
    """
    kind = kind.partition(";")[0].strip().lower()
    if kind == _JSON:
        return _answer_in_json(body)
    if body and kind != PROTOBUF:
        raise Unreadable(f"an answer of the type {kind or 'none'}")
    read = ExportLogsServiceResponse()
    try:
        read.ParseFromString(body)
    except DecodeError as error:
        raise Unreadable("an answer that is no ExportLogsServiceResponse") from error
    return max(0, read.partial_success.rejected_log_records), read.partial_success.error_message


class _Partial(msgspec.Struct, rename="camel"):
    rejected_log_records: int = 0
    error_message: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    partial_success: _Partial = msgspec.field(default_factory=_Partial)


def _answer_in_json(body: bytes) -> tuple[int, str]:
    try:
        read = msgspec.json.decode(body or b"{}", type=_Answer, strict=False).partial_success
    except msgspec.DecodeError as error:
        raise Unreadable("an answer that is no ExportLogsServiceResponse") from error
    return max(0, read.rejected_log_records), read.error_message


def _record(
    name: str, text: str, at: datetime, severity: SeverityNumber.ValueType, attributes: Mapping[str, Value]
) -> LogRecord:
    return LogRecord(
        time_unix_nano=_nanoseconds(at),
        observed_time_unix_nano=_nanoseconds(at),
        severity_number=severity,
        severity_text=SeverityNumber.Name(severity).removeprefix("SEVERITY_NUMBER_"),
        body=AnyValue(string_value=text),
        event_name=name,
        attributes=_attributes(attributes),
    )


def _attributes(values: Mapping[str, Value]) -> list[KeyValue]:
    return [
        _repeated(name, each) if isinstance(each, str) else KeyValue(key=name, value=_value(each))
        for name, each in values.items()
        if each not in (None, [])
    ]


@lru_cache(maxsize=4_096)
def _repeated(name: str, text: str) -> KeyValue:
    """Write a text: most of them stand in many records. Nobody changes what is returned."""
    return KeyValue(key=name, value=AnyValue(string_value=text))


def _value(value: Value) -> AnyValue:
    """Write what is no single text."""
    match value:
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case datetime():
            return AnyValue(string_value=value.isoformat().replace("+00:00", "Z"))
    return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=each) for each in value or ()]))


def _nanoseconds(at: datetime | None) -> int:
    return 0 if at is None else max(0, (at - _EPOCH) // _MICRO * 1_000)
