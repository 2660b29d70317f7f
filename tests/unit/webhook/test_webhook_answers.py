import re
from pathlib import Path

import pytest

import pds_contract
from pds_webhook.answers import Answer, Code


def test_no_code_is_answered_500() -> None:
    assert {code.status for code in Code} == {200, 400, 404, 405, 408, 413, 422, 503}


def test_every_code_that_a_checkouts_parameters_can_have_is_answered_422() -> None:
    sources = "".join((Path(pds_contract.__path__[0]) / name).read_text() for name in ("checkout.py", "names.py"))
    codes = set(re.findall(r'"(invalid_[a-z]+)"', sources)) | {"invalid_user_id"}
    assert len(codes) >= 5, "the contract's codes were not found where they used to be"
    assert {code: Code(code).status for code in codes} == dict.fromkeys(codes, 422)


@pytest.mark.parametrize(("field", "more"), [(None, {}), ("pds_username", {"field": "pds_username"})])
def test_the_document_names_the_field_where_there_is_one(field: str | None, more: dict[str, str]) -> None:
    document = Answer(Code.INVALID_USERNAME, "say why", field).document()
    assert document == {"code": "invalid_username", "message": "say why", **more}
