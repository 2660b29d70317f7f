from pds_contract.checkout import CheckoutParameters
from pds_contract.resource import ProvisionSpec
from pds_webhook.wanted import Wanted

USER = "0a1b2c3d-0000-4000-8000-000000000001"


def test_a_spec_holds_only_what_was_asked_for() -> None:
    wanted = Wanted(CheckoutParameters(USER, "a@a.example", None, None, 10), "cs_1", 5, "evt_1", 7)
    assert wanted.name == f"pds-{USER}"
    assert wanted.spec() == {"userId": USER, "email": "a@a.example", "disksizeGb": 10}
    assert wanted.spec_change() == {"email": "a@a.example", "username": None, "hostname": None, "disksizeGb": 10}


def test_the_annotations_say_which_checkout_it_was_when_it_was_paid_and_what_told_of_it() -> None:
    wanted = Wanted(CheckoutParameters(USER, "a@a.example", None, None, 10), "cs_1", 5, "evt_1", 7)
    assert wanted.annotations() == {
        "pds.eny.space/checkout-session": "cs_1",
        "pds.eny.space/checkout-created": "5",
        "pds.eny.space/checkout-paid": "7",
        "pds.eny.space/stripe-event": "evt_1",
    }


def test_a_full_spec_is_the_models() -> None:
    parameters = CheckoutParameters(USER, "a@a.example", "alice", "alice.a.example", 30)
    spec = ProvisionSpec(
        user_id=USER, email="a@a.example", username="alice", hostname="alice.a.example", disksize_gb=30
    )
    assert Wanted(parameters, "cs_1", 5, "evt_1", 7).spec() == spec.model_dump(by_alias=True, exclude_unset=True)
