"""A session's three times, and what it keeps of claims."""

from porch.shield.oidc_session import Session, begun, claims_kept, renewed

NAMES = frozenset(("sub", "email", "realm.roles", "user"))


def test_it_is_due_before_it_is_over() -> None:
    session = begun({"sub": "a"}, "r", 1000.0, 300.0, 5000.0)
    assert (session.due, session.until, session.ends) == (1240.0, 1300.0, 6000.0)


def test_one_that_nobody_can_renew_holds_for_its_life() -> None:
    session = begun({"sub": "a"}, "", 1000.0, 300.0, 5000.0)
    assert (session.due, session.until, session.ends) == (6000.0, 6000.0, 6000.0)


def test_no_provider_can_have_it_asked_for_every_request() -> None:
    assert begun({}, "r", 0.0, 1.0, 5000.0).until == 30.0


def test_renewals_do_not_outlive_its_life() -> None:
    session = begun({"sub": "a"}, "r", 0.0, 300.0, 500.0)
    session = renewed(session, {"sub": "a", "x": 1}, "", 400.0, 300.0)
    assert session == Session({"sub": "a", "x": 1}, 500.0, 500.0, 500.0, "r", session.name)
    assert renewed(session, None, "r2", 450.0, 30.0).claims == {"sub": "a", "x": 1}
    assert renewed(session, None, "r2", 450.0, 30.0).refresh == "r2"


def test_it_is_known_by_its_name_over_renewals() -> None:
    one, other = (begun({"sub": "a"}, "r", 0.0, 300.0, 5000.0) for _ in range(2))
    assert one.name != other.name
    assert (
        renewed(renewed(one, None, "r2", 200.0, 300.0), None, "r3", 400.0, 300.0).name == one.name
    )


def test_it_comes_back_as_it_was_packed() -> None:
    session = begun({"sub": "a", "groups": ["x"]}, "r", 1000.0, 300.0, 5000.0)
    assert Session.unpacked(session.packed()) == session
    packed = session.packed()
    del packed["n"]  # of a door that gave none
    assert Session.unpacked(packed) == session._replace(name="")


def test_of_claims_it_keeps_those_that_are_asked_for() -> None:
    claims = {"sub": "a", "email": "a@b", "big": "x" * 9999, "realm": {"roles": ["r"]}}
    assert claims_kept(claims, NAMES, "realm.roles") == {
        "sub": "a",
        "email": "a@b",
        "realm.roles": ["r"],
        "groups": ["r"],
    }
    assert claims_kept({"sub": "a", "g": "one"}, NAMES, "g")["groups"] == ["one"]


def test_a_claim_that_happens_to_be_called_groups_is_not_taken_for_them() -> None:
    kept = claims_kept({"sub": "a", "groups": ["admin"]}, frozenset(("groups",)), "roles")
    assert "groups" not in kept


def test_an_address_that_is_not_verified_is_nobodys() -> None:
    for said in (False, "false", 0, None):
        kept = claims_kept({"sub": "a", "email": "root@b", "email_verified": said}, NAMES, "groups")
        assert kept == {"sub": "a"}
    assert "email" in claims_kept({"sub": "a", "email": "x", "email_verified": True}, NAMES, "g")
