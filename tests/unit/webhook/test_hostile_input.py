"""Whatever a body, its signature header or its metadata hold, what judges them ends in one of its own verdicts."""

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pds_contract.checkout import is_ours, parameters_of
from pds_contract.errors import InvalidInput
from pds_contract.names import HostnameRules
from pds_contract.resource import ProvisionSpec
from pds_webhook.answers import Code
from pds_webhook.events import Checkout, Ignored, NotAnEvent, read_event
from pds_webhook.signature import Unverified, verify
from pds_webhook.triage import settled_by_itself
from pds_webhook.wanted import Wanted
from stages import hostile
from stages.hostile_corpus import examples, remembered

SECRET = "whsec_of_the_tests"
NOW = 1_790_000_000
RULES = HostnameRules.of("eny.k8s.frx.pub", ["www"], "k8s-pds.frx.pub")
TOO_DEEP = b'{"object":' * 50_000
HUGE_NUMBER = b'{"object":"event","created":' + b"9" * 10_000 + b"}"


def digest(body: bytes, at: int = NOW) -> str:
    return hmac.new(SECRET.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()


def read_signed(body: bytes) -> Checkout | Ignored | str:
    """What the webhook makes of a body that is signed well; the message where it refuses it."""
    try:
        return read_event(verify(body, f"t={NOW},v1={digest(body)}", [SECRET], NOW))
    except Unverified as error:
        return f"{error.code}: {error}"
    except NotAnEvent as error:
        return str(error)


def pieces() -> st.SearchStrategy[bytes]:
    """Bytes that JSON is made of, and others."""
    words = [b"{", b"}", b"[", b'"object":"event",', b'"', b"\\ud800", b"\\u0000", b"NaN", b"-Infinity", b"1e309"]
    return st.lists(st.sampled_from([*words, b"\xef\xbb\xbf", b"\xff", b"\x00", b",", b":", b"9" * 5000])).map(b"".join)


@hostile.times(150)
@given(body=st.binary(max_size=300) | pieces() | hostile.json_values().map(lambda value: json.dumps(value).encode()))
@example(body=TOO_DEEP)
@example(body=HUGE_NUMBER)
@example(body=b"[" * 100_000)
@example(body=b'{"object":"event","object":"event","type":"a","id":"b","id":"c"}')
def test_any_signed_bytes_are_an_event_or_refused(body: bytes) -> None:
    with remembered("body", body):
        verdict = read_signed(body)
        assert not isinstance(verdict, Checkout), "no checkout of ours comes about by chance"
        assert not str(verdict).startswith("invalid_signature"), verdict


@hostile.times(150)
@given(
    header=st.text(max_size=300) | st.lists(st.sampled_from(["t=", "v1=", ",", "0", "a" * 64, "=", " "])).map("".join)
)
@example(header=f"t={NOW}" + ",v1=0" * 1500)
@example(header=f"t={'9' * 5000},v1=0")
@example(header=f"t=-{NOW},v1=0")
@example(header=f"t={NOW}.5,v1=0")
@example(header="t=\N{ARABIC-INDIC DIGIT ONE},v1=0")
@example(header=f"t={NOW},v1=\udcff")
def test_no_header_passes_that_the_secret_did_not_make(header: str) -> None:
    with pytest.raises(Unverified) as refused:
        verify(b"{}", header, [SECRET], NOW)
    assert refused.value.code in {Code.INVALID_SIGNATURE, Code.TIMESTAMP_OUT_OF_RANGE}


@hostile.times(150)
@given(wrong=st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=30), place=st.integers(0, 30))
def test_the_right_signature_is_found_among_any_others(wrong: list[str], place: int) -> None:
    right = digest(b"{}")
    signatures = [*wrong[:place], right, *wrong[place:]]
    assert verify(b"{}", ",".join([f"t={NOW}", *(f"v1={one}" for one in signatures)]), [SECRET], NOW) == "{}"


@hostile.times(150)
@given(meta=hostile.metadata() | hostile.json_values(), session=hostile.sessions(), envelope=hostile.envelopes())
def test_any_signed_event_has_a_verdict_and_what_is_shown_of_it_is_plain(
    meta: Any, session: dict[str, Any], envelope: dict[str, Any]
) -> None:
    event = hostile.hostile_event(meta, session, envelope)
    with remembered("checkout", event):
        verdict = read_signed(json.dumps(event).encode())
        if isinstance(verdict, str):
            return
        shown = [verdict.event_id, verdict.event_type]
        if isinstance(verdict, Checkout):
            settled_by_itself(verdict, livemode=False)
            shown += [verdict.session_id, verdict.user_id, verdict.api_version]
            shown += [verdict.customer_id, verdict.subscription_id]
        assert all(text.isascii() and text.isprintable() for text in shown if text is not None), shown


@hostile.times(150)
@given(meta=hostile.metadata(), fallback=st.sampled_from(hostile.EMAILS) | hostile.json_values())
def test_what_is_taken_from_any_metadata_is_what_the_resource_allows(meta: dict[str, Any], fallback: Any) -> None:
    with remembered("checkout", hostile.hostile_event(meta, {"customer_email": fallback}, {})):
        is_ours(meta)
        try:
            parameters = parameters_of(meta, fallback, RULES)
        except InvalidInput as error:
            refused: str | None = error.code
        else:
            refused = None
        if refused is not None:
            assert Code(refused).status == 422
            return
        spec = ProvisionSpec.model_validate(Wanted(parameters, "cs_test_1", NOW, "evt_1", NOW).spec())
        assert spec.hostname is None or RULES.objection(spec.hostname) is None


def test_a_mebibyte_of_nesting_is_refused_at_once() -> None:
    began = time.process_time()
    assert read_signed(b"[" * (1 << 20)) == "the body is no JSON document"
    assert time.process_time() - began < 5


@pytest.mark.parametrize("found", examples("body"), ids=lambda path: path.stem)
def test_the_corpus_of_bodies(found: Path) -> None:
    assert not isinstance(read_signed(found.read_bytes()), Checkout)
