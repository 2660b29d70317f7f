"""A hostname's reservation."""

from base64 import urlsafe_b64decode

from pds_contract.reservation import Reservation

NEW = ("alice.example.org", "0a1b2c3d-4e5f-4000-8000-000000000001", "uid-1")


def test_each_has_a_password_of_32_random_bytes_and_a_key_of_its_own() -> None:
    made = [Reservation.new(*NEW) for _ in range(100)]
    assert {(one.hostname, one.user_id, one.provision_uid) for one in made} == {NEW}
    assert {len(urlsafe_b64decode(one.password + "=")) for one in made} == {32}
    assert {len(urlsafe_b64decode(one.key + "==")) for one in made} == {16}
    assert len({one.password for one in made} | {one.key for one in made}) == 200


def test_what_is_secret_is_not_printed() -> None:
    made = Reservation.new(*NEW)
    for printed in (repr(made), str(made), f"{made}"):
        assert "alice.example.org" in printed
        assert made.password not in printed
        assert made.key not in printed
