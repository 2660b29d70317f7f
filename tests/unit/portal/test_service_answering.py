"""What the customer gets for what the backend answered, down to bytes that no simulator sends."""

import json

import pytest

from pds_clients.service_documents import ServiceDocument
from pds_portal.service.answering import PREVIEW_LENGTH, RouteAnswer, answer_to, is_json, no_answer, no_service
from pds_portal.service.masking import MASK

JSON = "application/json"
PASSWORD = "correct-horse-battery"
SERVICE = {"id": 800, "state": 3, "encrypted_config": {"adminPassword": PASSWORD}}
MASKED = {"id": 800, "state": 3, "encrypted_config": {"adminPassword": MASK}}


def answered(status: int, content_type: str | None, body: bytes | None) -> RouteAnswer:
    return answer_to(ServiceDocument(status, content_type, body))


def details(answer: RouteAnswer) -> dict[str, object]:
    """The keys of a 502 but for its sentence, which has to be one."""
    assert isinstance(answer.body, dict)
    said = dict(answer.body)
    assert str(said.pop("error")).endswith("Try again in a few minutes.")
    assert answer.status == 502
    return said


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (json.dumps(SERVICE), MASKED),
        (json.dumps(json.dumps(SERVICE)), MASKED),
        *[("null", None), ("[]", []), ("true", True), ("7", 7), ('"a text"', "a text"), ('""', "")],
        ('{"x": NaN, "y": -Infinity, "z": 1e999}', {"x": None, "y": None, "z": None}),
        ('{"state": 1, "state": 3}', {"state": 3}),
        (r'{"x": "\ud800 alone"}', {"x": "\N{REPLACEMENT CHARACTER} alone"}),
        (r'{"x": "\ud83d\ude00"}', {"x": "\N{GRINNING FACE}"}),
        ("[" * 20 + "]" * 20, json.loads("[" * 20 + "]" * 20)),
    ],
)
def test_json_with_2xx_is_shown_as_it_came(body: str, shown: object) -> None:
    for status in (200, 201, 299):
        assert answered(status, JSON, body.encode()) == RouteAnswer(200, shown)


def test_json_in_another_encoding() -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert answered(200, JSON, json.dumps(SERVICE).encode(encoding)) == RouteAnswer(200, MASKED), encoding


@pytest.mark.parametrize("status", [100, 199, 300, 302, 304, 400, 401, 404, 422, 500, 503, 599])
def test_json_with_another_status_is_told(status: int) -> None:
    assert details(answered(status, JSON, json.dumps(SERVICE).encode())) == {"status": status, "body": MASKED}
    double = json.dumps(json.dumps({"message": "No."})).encode()
    assert details(answered(status, JSON, double)) == {"status": status, "body": {"message": "No."}}


@pytest.mark.parametrize("status", [200, 204, 302, 500])
@pytest.mark.parametrize(
    ("content_type", "body", "preview"),
    [
        (JSON, b"", ""),
        (None, b"", ""),
        ("", b"", ""),
        (JSON, b"{'not': json}", "{'not': json}"),
        (JSON, b"<html>", "<html>"),
        (JSON, b'{"cut": ', '{"cut": '),
        (JSON, b'{"x": "\xff\xfe"}', '{"x": "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"}'),
        (JSON, b"[" * 100_000, "[" * PREVIEW_LENGTH),
        (JSON, b"[" * 60 + b"]" * 60, ""),
        (JSON, b'{"x":' * 60 + b"1" + b"}" * 60, ""),
        (JSON, b"9" * 5000, "9" * PREVIEW_LENGTH),
        (JSON, None, ""),
        ("text/html; charset=UTF-8", b"<h1>Server Error</h1>", "<h1>Server Error</h1>"),
        ("text/html", json.dumps(SERVICE).encode(), json.dumps(MASKED, ensure_ascii=False)),
        (None, json.dumps(SERVICE).encode(), json.dumps(MASKED, ensure_ascii=False)),
        ("application/octet-stream", b"\x00\x01a\x00b\x7f\nc", "ab\nc"),
        ("text/plain", b"x" * 10_000, "x" * PREVIEW_LENGTH),
    ],
)
def test_what_is_no_json_is_told_by_a_preview(
    status: int, content_type: str | None, body: bytes | None, preview: str
) -> None:
    answer = answered(status, content_type, body)
    assert details(answer) == {"status": status, "contentType": content_type, "bodyPreview": preview}


@pytest.mark.parametrize(
    "content_type",
    [
        *["application/json", "APPLICATION/JSON", "application/json; charset=utf-8", " application/json ;x"],
        *["text/json", "application/problem+json", "application/vnd.api+json;v=1", "application/json;charset=latin-1"],
    ],
)
def test_types_of_json(content_type: str) -> None:
    assert is_json(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        *[
            None,
            "",
            "json",
            "text/html",
            "text/plain",
            "application/jsonp",
            "application/x-json",
            "application/json-seq",
        ],
        *["text/html; x=application/json", "application/", "+json", "application/+json", "application/xjson"],
    ],
)
def test_types_of_anything_else(content_type: str | None) -> None:
    assert not is_json(content_type)


def test_a_preview_is_masked_before_it_is_cut() -> None:
    body = b"x" * (PREVIEW_LENGTH - 20) + b" adminPassword=" + PASSWORD.encode()
    assert PASSWORD[:4] not in str(answered(500, "text/html", body).body)


def test_a_preview_in_utf_16_tells_nothing() -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        body = f"<p>adminPassword: {PASSWORD}</p>".encode(encoding)
        assert "horse" not in str(answered(500, "text/html", body).body), encoding


def test_too_many_secrets_are_not_shown_at_all() -> None:
    body = json.dumps([{"adminPassword": f"password-{number}"} for number in range(200)]).encode()
    assert details(answered(200, JSON, body)) == {"status": 200, "contentType": JSON, "bodyPreview": ""}


def test_the_first_of_two_equal_keys_is_a_secret_as_well() -> None:
    body = b'{"adminPassword": "the-first-one", "adminPassword": "the-second-one", "install_cmd": "x the-first-one y"}'
    assert answered(200, JSON, body) == RouteAnswer(200, {"adminPassword": MASK, "install_cmd": f"x {MASK} y"})


def test_a_content_type_without_end_is_cut() -> None:
    assert details(answered(200, "x" * 5000, b""))["contentType"] == "x" * 200


def test_without_a_service_or_an_answer() -> None:
    assert no_service() == RouteAnswer(404, {"error": "There is no PDS for this account yet."})
    assert details(no_answer()) == {"status": None, "contentType": None, "bodyPreview": ""}


def test_nothing_of_an_answer_in_a_representation() -> None:
    assert "horse" not in repr(answered(200, JSON, b'{"x": "horse"}'))
