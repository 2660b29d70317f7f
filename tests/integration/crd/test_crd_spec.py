"""What a PdsProvision may ask for, as the API server holds it."""

import uuid
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from pds_clients.kubernetes import Json
from pds_contract.errors import Refused
from pds_contract.resource import PdsProvision

from .conftest import Crd, new_user_id

LABEL_63 = "a" * 63
HOSTNAME_253 = ".".join([LABEL_63] * 3 + ["b" * 61])
EMAIL_254 = "a" * 244 + "@b.example"

# Characters that regular expressions of different makes take for white space, and some that none does.
ODD = ["\t", "\n", "\x0b", "\x0c", "\r", " ", "\x00", "\x1c", "\x7f", "\x85", "\xa0", "\u1680", "\u2028", "\u3000", "é"]


async def refusal(crd: Crd, **wanted: object) -> str:
    with pytest.raises(Refused) as caught:
        await crd.create(**wanted)  # type: ignore[arg-type]  # fields of spec, of any type
    assert caught.value.status == 422
    return str(caught.value)


async def test_a_fresh_one_has_the_defaults_and_a_status_that_nobody_takes_for_finished(crd: Crd) -> None:
    made = await crd.create()
    assert made["spec"]["disksizeGb"] == 10
    assert made["spec"]["suspend"] is False
    assert "username" not in made["spec"]
    assert "hostname" not in made["spec"]
    for seen in (made, await crd.get(made)):
        assert seen["status"] == {"observedGeneration": -1, "attempts": 0}
    assert made["metadata"]["generation"] == 1


async def test_what_a_person_writes_in_status_is_dropped_at_creation(crd: Crd) -> None:
    user_id = new_user_id()
    manifest = {
        "apiVersion": "pds.eny.space/v1alpha1",
        "kind": "PdsProvision",
        "metadata": {"name": f"pds-{user_id}"},
        "spec": {"userId": user_id, "email": "alice@a.example"},
        "status": {"serviceId": 800, "phase": "provisioning"},
    }
    made = await crd.api.call("POST", crd.path, body=manifest)
    assert made["status"] == {"observedGeneration": -1, "attempts": 0}


async def test_the_name_is_the_user_s(crd: Crd) -> None:
    user_id = new_user_id()
    for name in (f"pds-{new_user_id()}", user_id, f"pds-{user_id}-2", "alice"):
        assert "422 Invalid: the object" in await refusal(crd, user_id=user_id, name=name)
    assert (await crd.create(user_id=user_id))["metadata"]["name"] == f"pds-{user_id}"


@pytest.mark.parametrize(
    "form",
    [str.upper, lambda text: text.replace("-", ""), "{{{}}}".format, "urn:uuid:{}".format, "{}0".format, " {}".format],
    ids=["upper case", "32 bare digits", "braces", "urn", "a digit more", "a space"],
)
async def test_a_user_id_in_another_form_is_refused(crd: Crd, form: Callable[[str], str]) -> None:
    user_id = form(str(uuid.uuid4()))
    assert "spec.userId" in await refusal(crd, user_id=user_id, name=f"pds-{user_id.lower().strip(' {}')}")


async def test_the_user_id_cannot_change(crd: Crd) -> None:
    made = await crd.create()
    with pytest.raises(Refused, match=r"spec.userId \(FieldValueForbidden\)"):
        await crd.patch_spec(made, userId=new_user_id())


@pytest.mark.parametrize("missing", ["userId", "email"])
async def test_what_is_required(crd: Crd, missing: str) -> None:
    wanted = {"user_id": new_user_id(), missing: None}
    assert f"spec.{missing} (FieldValueRequired)" in await refusal(crd, **wanted)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("disksizeGb", 1), ("disksizeGb", 16384), ("suspend", True)],
        *[("email", "a@b"), ("email", EMAIL_254), ("email", "älice+pds@a.example")],
        *[("username", "a"), ("username", "7"), ("username", LABEL_63), ("username", "a--b")],
        *[("hostname", "a.b"), ("hostname", HOSTNAME_253), ("hostname", f"{LABEL_63}.example")],
        *[("hostname", "1.2.3.example"), ("hostname", "xn--bcher-kva.example"), ("hostname", "0x7f.example")],
    ],
)
async def test_within_the_bounds(crd: Crd, field: str, value: object) -> None:
    made = await crd.create(**{field: value})  # type: ignore[arg-type]  # a field of spec
    assert made["spec"][field] == value
    PdsProvision.model_validate(made)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("disksizeGb", 0), ("disksizeGb", -1), ("disksizeGb", 16385), ("disksizeGb", 10.5), ("disksizeGb", "10")],
        *[("suspend", "true"), ("suspend", 1)],
        *[("email", "@b"), ("email", "a@"), ("email", "ab"), ("email", "a@b@c"), ("email", "a" + EMAIL_254)],
        *[("username", ""), ("username", LABEL_63 + "a"), ("username", "-a"), ("username", "a-"), ("username", "A")],
        *[("username", "a.b"), ("username", "a_b"), ("username", "a\n"), ("username", "\N{KELVIN SIGN}im")],
        *[("hostname", "a"), ("hostname", ""), ("hostname", HOSTNAME_253 + "b"), ("hostname", f"{LABEL_63}a.example")],
        *[("hostname", "Alice.example"), ("hostname", "alice.example."), ("hostname", "a..b"), ("hostname", ".a.b")],
        *[("hostname", "https://alice.example"), ("hostname", "alice.example:443"), ("hostname", "alice.example/")],
        *[("hostname", "-a.example"), ("hostname", "a-.example"), ("hostname", "a_b.example"), ("hostname", "a.b\n")],
        *[("hostname", "192.0.2.7"), ("hostname", "127.1"), ("hostname", "alice.7"), ("hostname", "0x7f.0x1")],
        *[("hostname", "127.0x1"), ("hostname", "a.0x"), ("hostname", "2001:db8::7"), ("hostname", "[2001:db8::7]")],
    ],
)
async def test_beyond_the_bounds(crd: Crd, field: str, value: object) -> None:
    assert f"spec.{field} " in await refusal(crd, **{field: value})


@pytest.mark.parametrize("place", ["{}a@b.example", "a{}b@c.example", "a@b{}c", "a@b.example{}"])
async def test_the_api_server_and_the_model_agree_on_e_mails(crd: Crd, place: str) -> None:
    disagreed = []
    for character in ODD:
        user_id, email = new_user_id(), place.format(character)
        try:
            PdsProvision.model_validate({"metadata": {"name": "x"}, "spec": {"userId": user_id, "email": email}})
            fits = True
        except ValidationError:
            fits = False
        try:
            await crd.create(user_id=user_id, email=email)
            taken = True
        except Refused:
            taken = False
        if fits is not taken:
            disagreed.append((ascii(character), "only the model" if fits else "only the API server"))
    assert disagreed == []


async def test_an_unknown_field_is_dropped(crd: Crd) -> None:
    made = await crd.create(colour="blue")
    assert "colour" not in made["spec"]


async def test_everything_but_the_user_changes_while_nothing_was_deployed(crd: Crd) -> None:
    made = await crd.create()
    wanted: Json = {
        "email": "bob@b.example",
        "username": "bob",
        "hostname": "bob.example.org",
        "disksizeGb": 20,
        "suspend": True,
    }
    changed = await crd.patch_spec(made, **wanted)
    assert changed["spec"] == {**wanted, "userId": made["spec"]["userId"]}
    assert changed["metadata"]["generation"] == 2
