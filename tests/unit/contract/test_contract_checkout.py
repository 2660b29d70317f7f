"""A checkout's metadata, read and judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_contract.checkout import (
    DISK_SIZE,
    HOSTNAME,
    USER_EMAIL,
    USER_ID,
    USERNAME,
    CheckoutParameters,
    is_ours,
    parameters_of,
    user_id_of,
)
from pds_contract.errors import InvalidInput
from pds_contract.names import HostnameRules
from pds_contract.resource import ProvisionSpec

USER = "0a1b2c3d-4e5f-4000-8000-000000000001"
RULES = HostnameRules.of("eny.k8s.frx.pub", ["www"], "k8s-pds.frx.pub")
DIGITS = USER.replace("-", "")
SPELLINGS = [
    USER,
    USER.upper(),
    f"  {USER}\n",
    DIGITS,
    DIGITS.upper(),
    f"{{{USER}}}",
    f"urn:uuid:{USER}",
    f"URN:UUID:{USER.upper()}",
]
NO_UUIDS = [
    None,
    "",
    "7",
    7,
    int(DIGITS, 16),
    DIGITS[1:],
    DIGITS + "0",
    "g" + DIGITS[1:],
    f"{USER}\N{NO-BREAK SPACE}",
    "\N{FULLWIDTH DIGIT ZERO}" + USER[1:],
    f"+{DIGITS[1:]}",
    f"0x{DIGITS[2:]}",
    f"{DIGITS[:8]}_{DIGITS[9:]}",
    f"{DIGITS[:31]} ",
    f"{DIGITS[:31]}\n}}",
]
SMALLEST: dict[str, object] = {USER_ID: USER, USER_EMAIL: "alice@a.example"}


def read(fallback_email: object = None, **changed: object) -> CheckoutParameters:
    return parameters_of({**SMALLEST, **changed}, fallback_email, RULES)


def refusal(fallback_email: object = None, **changed: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(fallback_email, **changed)
    return caught.value


@pytest.mark.parametrize(
    ("metadata", "ours"),
    [
        ({USER_ID: USER}, True),
        *(({USER_ID: spelling}, True) for spelling in SPELLINGS),
        ({"pds_username": ""}, True),
        ({"pds_plan": "basic"}, True),
        ({USER_ID: "7", "pds_disksize_gb": "10"}, True),
        ({}, False),
        *(({USER_ID: value}, False) for value in NO_UUIDS),
        ({USER_EMAIL: "alice@a.example"}, False),
        ({"PDS_USERNAME": "alice"}, False),
        ({"my_pds_username": "alice"}, False),
    ],
)
def test_which_sessions_are_ours(metadata: dict[str, object], *, ours: bool) -> None:
    assert is_ours(metadata) is ours


def test_all_that_the_mission_names() -> None:
    assert read(
        pds_username="Alice.B", pds_hostname_base="https://PDS.Alice.Example./", pds_disksize_gb="20"
    ) == CheckoutParameters(USER, "alice@a.example", "alice-b", "pds.alice.example", 20)


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_was_not_asked_for_is_left_to_us(nothing: object) -> None:
    left = read(pds_username=nothing, pds_hostname_base=nothing, pds_disksize_gb=nothing)
    assert left == CheckoutParameters(USER, "alice@a.example", None, None, 10)
    assert left == read()


@pytest.mark.parametrize("value", SPELLINGS)
def test_a_user_id_in_any_spelling_is_read_in_one(value: str) -> None:
    assert user_id_of({USER_ID: value}) == USER


@pytest.mark.parametrize("value", NO_UUIDS)
def test_a_user_id_that_is_none(value: object) -> None:
    error = refusal(user_id=value)
    assert (error.field, error.code) == (USER_ID, "invalid_user_id")


@pytest.mark.parametrize(
    ("in_metadata", "at_stripe", "email"),
    [
        ("alice@a.example", "other@a.example", "alice@a.example"),
        (" alice@a.example ", None, "alice@a.example"),
        ("", "other@a.example", "other@a.example"),
        (None, "other@a.example", "other@a.example"),
        ("älice@a.example", None, "älice@a.example"),
        ("a@b", None, "a@b"),
        ("a" * 244 + "@b.example", None, "a" * 244 + "@b.example"),
    ],
)
def test_the_e_mail_is_the_metadata_s_or_else_stripe_s(in_metadata: object, at_stripe: object, email: str) -> None:
    assert read(at_stripe, user_email=in_metadata).email == email


@pytest.mark.parametrize(
    "email",
    [
        None,
        7,
        "zqxj",
        "zqxj@",
        "@zqxj",
        "zqxj@a@b",
        "zqxj z@a.example",
        "zqxj\x00@a.example",
        "zqxj\x0b@a.example",
        "zqxj\N{NO-BREAK SPACE}@a.example",
        "zqxj\N{LINE SEPARATOR}@a.example",
        "zqxj\ud800@a.example",
        "a" * 245 + "@b.example",
    ],
)
def test_an_e_mail_that_is_none_is_refused_and_not_quoted(email: object) -> None:
    error = refusal(user_email=email)
    assert (error.field, error.code) == (USER_EMAIL, "invalid_email")
    assert "zqxj" not in str(error)


@pytest.mark.parametrize(
    ("value", "size"), [("1", 1), ("10", 10), (" 20 ", 20), (20, 20), ("007", 7), ("16384", 16384), (16384, 16384)]
)
def test_disk_sizes(value: object, size: int) -> None:
    assert read(pds_disksize_gb=value).disksize_gb == size


@pytest.mark.parametrize(
    "value",
    [
        *["0", "16385", "-1", "+5", "10.0", "1e1", "ten", "10Gi", " ", "\N{ARABIC-INDIC DIGIT ONE}", "1_0", "9" * 5000],
        *[0, 16385, -1, 10.0, 10.5, True, [], {}],
    ],
)
def test_disk_sizes_that_are_refused(value: object) -> None:
    error = refusal(pds_disksize_gb=value)
    assert (error.field, error.code) == (DISK_SIZE, "invalid_disksize")
    assert "1 to 16384" in error.message


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (USERNAME, "---", "invalid_username"),
        (USERNAME, " ", "invalid_username"),
        (USERNAME, "älice", "invalid_username"),
        (USERNAME, 7, "invalid_username"),
        (HOSTNAME, "alice", "invalid_hostname"),
        (HOSTNAME, " ", "invalid_hostname"),
        (HOSTNAME, "eny.k8s.frx.pub", "invalid_hostname"),
        (HOSTNAME, ["alice.example"], "invalid_hostname"),
    ],
)
def test_an_asked_for_name_that_cannot_be_is_an_error_of_its_key(key: str, value: object, code: str) -> None:
    error = refusal(**{key: value})
    assert (error.field, error.code) == (key, code)


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
EMAILS = st.builds("{}@{}".format, st.text(min_size=1), st.text(min_size=1)) | JUNK


@given(EMAILS, JUNK | st.from_regex(r"[a-zA-Z._-]{1,80}"), JUNK | st.from_regex(r"[a-z]{1,9}\.example"), JUNK)
def test_whatever_is_in_the_metadata_is_refused_or_fits_the_resource(
    email: object, username: object, hostname: object, size: object
) -> None:
    try:
        asked = read(user_email=email, pds_username=username, pds_hostname_base=hostname, pds_disksize_gb=size)
    except InvalidInput:
        return
    ProvisionSpec(
        user_id=asked.user_id,
        email=asked.email,
        username=asked.username,
        hostname=asked.hostname,
        disksize_gb=asked.disksize_gb,
    )
