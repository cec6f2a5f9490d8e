import pytest

from accredit.errors import GRAPH_PATH_UNKNOWN, SEGMENT_EMPTY, Refused, Row
from accredit.web.graph.call import Key
from accredit.web.graph.path import LONGEST, MOST, Segment, parse
from tests.support.every import every

GUID = "57a671b2-b4c8-4a87-9b73-3f8848456127"
BY_APP_ID = ("applications", Key("appId", GUID))

READ: dict[str, tuple[str, tuple[Segment, ...]]] = {
    "a collection": ("/v1.0/applications", ("applications",)),
    "the service itself": ("/v1.0", ()),
    "the service itself, with a slash": ("/v1.0/", ()),
    "a key as a segment": (f"/v1.0/applications/{GUID}", ("applications", GUID)),
    "a key in parentheses": (f"/v1.0/applications('{GUID}')", ("applications", Key(None, GUID))),
    "a key with its name": (f"/v1.0/applications(appId='{GUID}')", BY_APP_ID),
    "a GUID in capitals is the same GUID": (f"/v1.0/applications(appId='{GUID.upper()}')", BY_APP_ID),
    "any other key keeps its capitals": ("/v1.0/applications('A-B')", ("applications", Key(None, "A-B"))),
    "percent-encoded quotes, as generated clients send them": (f"/v1.0/applications(appId=%27{GUID}%27)", BY_APP_ID),
    "everything percent-encoded": (f"/v1.0/applications%28appId%3D%27{GUID}%27%29", BY_APP_ID),
    "a quote in a key is doubled": ("/beta/x('it''s')", ("x", Key(None, "it's"))),
    "and may be percent-encoded": ("/beta/x('it%27%27s')", ("x", Key(None, "it's"))),
    "two quotes alone are one": ("/beta/x('''')", ("x", Key(None, "'"))),
    "a slash in a quoted key": ("/v1.0/x(n='a/b')/y", ("x", Key("n", "a/b"), "y")),
    "a percent-encoded slash in a quoted key": ("/v1.0/x(n='a%2Fb')/y", ("x", Key("n", "a/b"), "y")),
    "a percent-encoded slash in a plain segment divides nothing": ("/v1.0/x/a%2Fb/y", ("x", "a/b", "y")),
    "a parenthesis in a key": ("/v1.0/x('a)')", ("x", Key(None, "a)"))),
    "letters beyond ASCII": ("/v1.0/x('%C3%A9')", ("x", Key(None, "é"))),
    "leading slashes are one": ("///v1.0//applications", ("applications",)),
    "a trailing slash is none": ("/v1.0/applications/", ("applications",)),
    "behind a key too": (f"/v1.0/applications(appId='{GUID}')/", BY_APP_ID),
    "a function is a plain segment": ("/v1.0/applications/delta()", ("applications", "delta()")),
    "so is a key without quotes": (f"/v1.0/applications({GUID})", (f"applications({GUID})",)),
    "and one with two names": ("/v1.0/x(a='1',b='2')", ("x(a='1',b='2')",)),
    "and one whose quote does not end": ("/v1.0/x('a/y", ("x('a", "y")),
    "as many segments as a path may have": ("/v1.0" + "/a" * MOST, ("a",) * MOST),
}


@every("row", READ.values(), ids=READ.keys())
def test_a_path_is_segments_and_keys(row: tuple[str, tuple[Segment, ...]]) -> None:
    raw, segments = row
    assert parse(raw).segments == segments


def test_a_version_is_read_in_any_case() -> None:
    assert [parse(path).version for path in ("/V1.0/applications", "/BETA/applications")] == ["v1.0", "beta"]


def test_version_and_path_are_kept_for_links() -> None:
    found = parse("//beta//applications(appId=%27x%27)/owners/")
    assert (found.version, found.path) == ("beta", "applications(appId=%27x%27)/owners")


REFUSED: dict[str, tuple[str, Row, str]] = {
    "an empty key segment": ("/v1.0/applications//federatedIdentityCredentials", SEGMENT_EMPTY, "applications"),
    "two trailing slashes": ("/v1.0/applications//", SEGMENT_EMPTY, "applications"),
    "an empty key": ("/v1.0/applications('')", SEGMENT_EMPTY, "applications"),
    "an empty key with a name": ("/v1.0/applications(appId='')/owners", SEGMENT_EMPTY, "applications"),
    "another version": ("/v2.0/applications", GRAPH_PATH_UNKNOWN, "v2.0"),
    "no version": ("/", GRAPH_PATH_UNKNOWN, ""),
    "octets that are no UTF-8": ("/v1.0/%ff", GRAPH_PATH_UNKNOWN, "%ff"),
    "a NUL": ("/v1.0/a%00b", GRAPH_PATH_UNKNOWN, "a%00b"),
    "more segments than a path may have": ("/v1.0" + "/a" * MOST + "/b", GRAPH_PATH_UNKNOWN, "b"),
    "more characters than a path may have": ("/v1.0/" + "a" * LONGEST, GRAPH_PATH_UNKNOWN, "v1.0"),
}


@every("row", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_path_is_refused(row: tuple[str, Row, str]) -> None:
    raw, expected, segment = row
    with pytest.raises(Refused) as caught:
        parse(raw)
    assert (caught.value.row, caught.value.fields["segment"]) == (expected, segment)
