"""Secrets are masked wherever and however they are written; the rest stays as it is."""

import base64
import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_portal.service.masking import LONGEST_SECRET, MASK, SHORTEST_ANYWHERE, Masks

PASSWORD = "Tr0ub4dor&3'x\"y$z+/=\\-é"
SMTP_PASSWORD = "relay/p@ss:word"
URL = f"smtps://relay:{SMTP_PASSWORD}@smtp.example:465/"
MASKED_URL = f"smtps://relay:{MASK}@smtp.example:465/"

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON as UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON as PHP writes it": lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
    "shell, in quotes": shlex.quote,
    "shell, quotes by backslash": lambda text: "'" + text.replace("'", r"'\''") + "'",
    "shell, in JSON": lambda text: json.dumps(shlex.quote(text))[1:-1],
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "a form": quote_plus,
    "HTML": html.escape,
    "HTML, twice": lambda text: html.escape(html.escape(text)),
    "HTML, by numbers": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "HTML, by numbers without an end": lambda text: "".join(f"&#{ord(character):09d}" for character in text),
    "JavaScript, in braces": lambda text: "".join(f"\\u{{{ord(character):x}}}" for character in text),
    "Python, in eight digits": lambda text: "".join(f"\\U{ord(character):08x}" for character in text),
    "JavaScript's escape": lambda text: "".join(f"%u{unit}" for unit in text.encode("utf-16-be").hex(" ", 2).split()),
    "shell, in octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "hexadecimal": lambda text: text.encode().hex(),
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "Base64 of a longer text": lambda text: base64.b64encode(f"admin:{text}\n".encode()).decode(),
    "Base64 of another longer text": lambda text: base64.b64encode(f"user={text}".encode()).decode(),
}


def masked(document: object) -> object:
    return Masks(document).document(document)


def masked_text(text: str) -> str:
    return Masks(text).text(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", [PASSWORD, SMTP_PASSWORD])
def test_a_secret_in_every_spelling(encoding: str, secret: str) -> None:
    spelt = ENCODINGS[encoding](secret)
    config = {"adminPassword": PASSWORD, "emailSmtpUrl": URL}
    told = masked({"encrypted_config": config, "install_cmd": f"install {spelt} now"})
    assert isinstance(told, dict)
    assert told["encrypted_config"] == {"adminPassword": MASK, "emailSmtpUrl": MASKED_URL}
    if encoding.startswith("Base64"):  # of a longer text: what stands around the secret stays
        assert MASK in told["install_cmd"]
        assert spelt[8:-8] not in told["install_cmd"]
    else:
        assert told["install_cmd"].replace("'", "") == f"install {MASK} now"


@pytest.mark.parametrize(
    "key", ["adminPassword", "ADMINPASSWORD", "admin_password", "pds-admin-password", "PDS_ADMIN_PASSWORD"]
)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *[("short", MASK), ("x", MASK), (12345, MASK), (0, MASK), (["one", "two"], [MASK, MASK])],
        *[({"a": "one", "b": [2]}, {"a": MASK, "b": [MASK]}), (None, None), ("", ""), (False, False)],
    ],
)
def test_whatever_stands_under_the_name(key: str, value: object, shown: object) -> None:
    assert masked({"data": [{key: value}], "other": "x short one"}) == {"data": [{key: shown}], "other": "x short one"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("smtp://user:pw@host", f"smtp://user:{MASK}@host"),
        ("smtp://user:p@w:x/y@host:25/?a=b", f"smtp://user:{MASK}@host:25/?a=b"),
        ("smtp://user:p%40w@host", f"smtp://user:{MASK}@host"),
        (r"smtps:\/\/user:pw@host", rf"smtps:\/\/user:{MASK}@host"),
        ("other+scheme://user:pw@host", f"other+scheme://user:{MASK}@host"),
        ("user:pw@host", f"user:{MASK}@host"),
        (":pw@host", f":{MASK}@host"),
        *[(kept, kept) for kept in ("smtp://host:25/", "smtp://user@host", "smtp://user:@host", "", "no url", None, 7)],
        (["smtp://user:pw@host", {"a": "s://u:pw@h"}], [f"smtp://user:{MASK}@host", {"a": f"s://u:{MASK}@h"}]),
    ],
)
def test_the_password_in_a_mail_servers_url(url: object, shown: object) -> None:
    for key in ("emailSmtpUrl", "EMAIL_SMTP_URL", "smtpUrl"):
        assert masked({key: url}) == {key: shown}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--set adminPassword=abcd --set x=1", f"--set adminPassword={MASK} --set x=1"),
        ("--set adminPassword='a b c' --set x=1", f"--set adminPassword={MASK} --set x=1"),
        ("--admin-password abcd -n x", f"--admin-password {MASK} -n x"),
        ("PDS_ADMIN_PASSWORD: abcd\nfoo: bar", f"PDS_ADMIN_PASSWORD: {MASK}\nfoo: bar"),
        ("- name: PDS_ADMIN_PASSWORD\n  value: abcd\n", f"- name: PDS_ADMIN_PASSWORD\n  value: {MASK}\n"),
        (r"{\"adminPassword\":\"abcd\",\"x\":1}", rf"{{\"adminPassword\":{MASK},\"x\":1}}"),
        ('"adminPassword": "ab\\"cd", "x": 1', f'"adminPassword": {MASK}, "x": 1'),
        ("&quot;adminPassword&quot;:&quot;abcd&quot;, x", f"&quot;adminPassword&quot;:{MASK}, x"),
        ("adminPassword%22%3A%22abcd%22 x", f"adminPassword%22%3A{MASK} x"),
        ("config[adminPassword]=abcd x", f"config[adminPassword]={MASK} x"),
        ("[adminPassword] => abcd\n", f"[adminPassword] => {MASK}\n"),
        ('["adminPassword"]=>\n  string(4) "abcd"\n', f'["adminPassword"]=>\n  string(4) {MASK}\n'),
        ('s:13:"adminPassword";s:4:"abcd";', f's:13:"adminPassword";s:4:{MASK};'),
        ("<td>adminPassword</td><td>abcd</td>", f"<td>adminPassword</td><td>{MASK}</td>"),
        ("<adminPassword>abcd</adminPassword> next", f"<adminPassword>{MASK}</adminPassword> next"),
        ('<input name="adminPassword" value="abcd">', f'<input name="adminPassword" value={MASK}>'),
        ('"adminPassword" => "<span title="4">abcd</span>"', f'"adminPassword" => "<span title="4">{MASK}</span>"'),
        ('"adminPassword": "cut', f'"adminPassword": {MASK}'),
        ("to smtps://relay:abcd@smtp.example:465/.", f"to smtps://relay:{MASK}@smtp.example:465/."),
        (r"smtps:\/\/relay:abcd@smtp.example", rf"smtps:\/\/relay:{MASK}@smtp.example"),
        ("smtps%3A%2F%2Frelay%3Aabcd%40smtp.example", f"smtps%3A%2F%2Frelay%3A{MASK}%40smtp.example"),
        ("EMAIL_SMTP_URL=relay:abcd@host x", f"EMAIL_SMTP_URL=relay:{MASK}@host x"),
        *[(kept, kept) for kept in ("The admin password field is required.", "smtp://host:25/", "https://a:b@c", "")],
    ],
)
def test_a_text_that_names_a_secret(text: str, shown: str) -> None:
    assert masked_text(text) == shown
    assert masked({"install_cmd": text}) == {"install_cmd": shown}


def test_a_value_named_beside_it() -> None:
    environment = [{"name": "PDS_ADMIN_PASSWORD", "value": "abcd"}, {"Key": "emailSmtpUrl", "Value": "s://u:p@h"}]
    assert masked(environment) == [
        {"name": "PDS_ADMIN_PASSWORD", "value": MASK},
        {"Key": "emailSmtpUrl", "Value": f"s://u:{MASK}@h"},
    ]
    assert masked([{"name": "x", "value": "abcd"}, {"value": "y"}]) == [{"name": "x", "value": "abcd"}, {"value": "y"}]


def test_json_within_a_string() -> None:
    config = json.dumps({"adminPassword": ["ab", "cd"], "emailSmtpUrl": URL, "x": 1})
    told = masked({"encrypted_config": config, "plain": '{"x":   1}', "list": "[not json"})
    assert isinstance(told, dict)
    assert json.loads(told["encrypted_config"]) == {"adminPassword": [MASK, MASK], "emailSmtpUrl": MASKED_URL, "x": 1}
    assert (told["plain"], told["list"]) == ('{"x":   1}', "[not json")


def test_a_secret_found_in_a_text_is_masked_elsewhere() -> None:
    told = masked({"install_cmd": "--set adminPassword=eightchr", "log": ["x", {"y": "with eightchr."}]})
    assert told == {"install_cmd": f"--set adminPassword={MASK}", "log": ["x", {"y": f"with {MASK}."}]}


def test_neighbours_that_make_an_escape_of_a_secret() -> None:
    assert masked({"adminPassword": "41abcdefgh", "x": "%41abcdefgh"}) == {"adminPassword": MASK, "x": f"%{MASK}"}
    assert masked({"adminPassword": "abcdefgh%", "x": "abcdefgh%41"}) == {"adminPassword": MASK, "x": f"{MASK}41"}


def test_a_secret_as_key_and_as_number() -> None:
    told = masked({"adminPassword": 12345678, "12345678": 1, "id": 12345678, "port": 1234567, "x": 0.12345678})
    assert told == {"adminPassword": MASK, MASK: 1, "id": MASK, "port": 1234567, "x": MASK}


def test_a_short_password_blanks_nothing_else() -> None:
    document = {"adminPassword": "e", "service": "bluesky-pds", "install_cmd": "helm install e", "e": {"hostname": "e"}}
    assert masked(document) == {**document, "adminPassword": MASK}


LETTERS = st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="•")
PASSWORDS = st.text(st.one_of(st.sampled_from("aZ09-_'\"\\/+ %&$<é漢😀"), LETTERS), min_size=8, max_size=60).filter(
    lambda text: sum(letter.isalnum() for letter in text) >= SHORTEST_ANYWHERE
)
TEXTS = st.text(LETTERS, max_size=12)


def documents(leaves: st.SearchStrategy[object], keys: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
        max_leaves=12,
    )


def everything_in(value: object) -> list[str]:
    """Every key and every value of a document, as texts."""
    if isinstance(value, dict):
        return [*map(str, value), *(text for inner in value.values() for text in everything_in(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in everything_in(inner)]
    return [str(value)]


@given(data=st.data(), password=PASSWORDS, url=st.booleans())
def test_a_password_planted_anywhere_never_appears(data: st.DataObject, password: str, *, url: bool) -> None:
    encodings = data.draw(st.lists(st.sampled_from(sorted(ENCODINGS)), min_size=1, max_size=4))
    spelt = {ENCODINGS[encoding](password) for encoding in encodings}
    planted = st.one_of(
        st.tuples(TEXTS, TEXTS).map(lambda around: f"{around[0]}{password}{around[1]}"),
        st.sampled_from(sorted(spelt)).map(lambda text: f"x {text} y"),
        st.sampled_from(sorted(spelt)).map(lambda text: json.dumps({"x": [text]})),
    )
    plain = st.one_of(TEXTS, st.integers(), st.floats(), st.booleans(), st.none())
    keys = st.one_of(TEXTS, planted)
    document = [
        data.draw(documents(st.one_of(plain, planted), keys)),
        {"emailSmtpUrl": f"smtps://relay:{password}@smtp.example"} if url else {"Admin_Password": password},
        data.draw(documents(st.one_of(plain, planted), keys)),
    ]
    shown = everything_in(masked(document))
    for text in (password, *spelt):
        assert not [each for each in shown if text in each]


@given(document=documents(st.one_of(TEXTS, st.integers(), st.booleans(), st.none()), TEXTS))
def test_a_document_without_secrets_stays_as_it_is(document: object) -> None:
    assert masked({"adminPassword": "eightchr", "document": document})["document"] == document  # type: ignore[index]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_looks_like_an_escape_in_a_secret(encoding: str) -> None:
    secret = r"longer-a\101b\u0041c\x41d"
    spelt = ENCODINGS[encoding](secret)
    config = {"adminPassword": secret}
    told = masked({"encrypted_config": config, "install_cmd": f"install {spelt} now"})
    assert isinstance(told, dict)
    assert MASK in told["install_cmd"]
    assert len(told["install_cmd"].replace(MASK, "")) < len("install  now") + 16


def test_what_would_take_minutes_to_be_looked_for_is_not_shown() -> None:
    secret = "a" * LONGEST_SECRET
    assert masked({"adminPassword": secret, "x": secret}) == {"adminPassword": MASK, "x": MASK}
    with pytest.raises(ValueError, match="more secrets"):
        Masks({"adminPassword": f"{secret}a"})
