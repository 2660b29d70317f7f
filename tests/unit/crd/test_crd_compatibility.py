"""The CRD as it is now breaks nothing that a release has promised."""

import pytest
import yaml

from crd_releases.definitions import breaks
from crd_releases.releases import REVIEWED, Release, objects_until, present, releases, reviewed


@pytest.mark.parametrize("release", releases(), ids=str)
def test_it_breaks_nothing_of_a_release(release: Release) -> None:
    found = breaks(release.crd, present(), reviewed())
    assert not found, f"since {release}, crds/pdsprovisions.yaml breaks:\n" + "\n".join(map(str, found))


def test_there_are_releases_and_objects_of_them() -> None:
    assert releases()
    assert objects_until(releases()[-1])


@pytest.mark.parametrize("release", releases(), ids=str)
def test_no_release_breaks_one_before_it(release: Release) -> None:
    """What was released once is not edited here to let a break pass."""
    for before in releases():
        if before.version < release.version:
            assert breaks(before.crd, release.crd, reviewed()) == []


def test_what_was_reviewed_is_in_the_crd_and_says_why() -> None:
    """An entry that is of no use any more would let a later break pass."""
    text = yaml.safe_load(REVIEWED.read_text())
    assert [each for each in text if not each.get("why")] == []
    for place, new in reviewed():
        assert any(breaks(release.crd, present(), reviewed() - {(place, new)}) for release in releases()), place
