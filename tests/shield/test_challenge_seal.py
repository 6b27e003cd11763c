"""Puzzles and passes: for what they hold, and that no other is taken for one."""

import pytest

from porch.shield.challenge_seal import FRESH, Seal, network_of
from tests.support.solving import solve

SEAL = Seal(b"0123456789abcdef")
HOST, NET = b"a.test", b"\xc0\x00\x02"
NOW = 1_800_000_000.0
BITS = 8
PUZZLE = SEAL.puzzle(NOW, BITS, HOST, NET)
PROOF = solve(PUZZLE, BITS)
PASS = SEAL.grant(NOW + 60, BITS, HOST, NET)


def test_a_solution_holds_while_it_is_fresh_for_its_host_and_network_alone() -> None:
    assert SEAL.is_solved(PROOF, NOW, BITS, HOST, NET)
    assert SEAL.is_solved(PROOF, NOW + FRESH, BITS, HOST, NET)
    assert not SEAL.is_solved(PROOF, NOW + FRESH + 1, BITS, HOST, NET)
    assert not SEAL.is_solved(PROOF, NOW - 2, BITS, HOST, NET)
    assert not SEAL.is_solved(PROOF, NOW, BITS, b"b.test", NET)
    assert not SEAL.is_solved(PROOF, NOW, BITS, HOST, b"\xc0\x00\x03")
    assert not SEAL.is_solved(PROOF, NOW, BITS + 1, HOST, NET)
    assert not Seal(b"another secret!!").is_solved(PROOF, NOW, BITS, HOST, NET)


def test_a_pass_holds_until_it_ends_for_its_host_and_network_alone() -> None:
    assert SEAL.holds(PASS, NOW + 59, BITS, HOST, NET)
    assert not SEAL.holds(PASS, NOW + 60, BITS, HOST, NET)
    assert not SEAL.holds(PASS, NOW, BITS, b"b.test", NET)
    assert not SEAL.holds(PASS, NOW, BITS, HOST, b"\xc0\x00\x03")
    assert not SEAL.holds(PASS, NOW, BITS + 1, HOST, NET)
    assert not Seal(b"another secret!!").holds(PASS, NOW, BITS, HOST, NET)


def test_neither_is_taken_for_the_other() -> None:
    assert not SEAL.holds(PUZZLE, NOW - 60, 0, HOST, NET)
    assert not SEAL.is_solved(solve(PASS, BITS), NOW + 60, BITS, HOST, NET)


def test_no_host_and_network_read_as_another_pair() -> None:
    assert not SEAL.holds(PASS, NOW, BITS, HOST + NET[:1], NET[1:])
    assert not SEAL.holds(PASS, NOW, BITS, HOST[:-1], HOST[-1:] + NET)


def test_no_other_letters_stand_for_the_same() -> None:
    """Those of plain Base64."""
    until = NOW
    while not {b"-"[0], b"_"[0]} & {*(shown := SEAL.grant(until, BITS, HOST, NET))}:
        until += 1
    assert SEAL.holds(shown, NOW - 1, BITS, HOST, NET)
    plain = shown.translate(bytes.maketrans(b"-_", b"+/"))
    assert not SEAL.holds(plain, NOW - 1, BITS, HOST, NET)


def test_every_changed_character_is_noticed() -> None:
    for place in range(len(PASS)):
        other = b"B" if PASS[place : place + 1] == b"A" else b"A"
        assert not SEAL.holds(PASS[:place] + other + PASS[place + 1 :], NOW, BITS, HOST, NET)


@pytest.mark.parametrize(
    "text",
    [b"", b".", b"A" * 28, b"A" * 27, PASS + b"=", PASS * 2, b"\xff" * 28, b"!" * 28, b" " + PASS],
)
def test_what_is_none_is_no_pass(text: bytes) -> None:
    assert not SEAL.holds(text, 0, 0, HOST, NET)


@pytest.mark.parametrize(
    "proof",
    [
        *(b"", PUZZLE, PUZZLE + b".", PUZZLE + b".x", PUZZLE + b".-1", PUZZLE + b"." + b"1" * 16),
        *(b"A" * 28 + b".0", PROOF + b".1", b"." + PROOF, PROOF.replace(b".", b". ")),
    ],
)
def test_what_is_none_is_no_proof(proof: bytes) -> None:
    assert not SEAL.is_solved(proof, NOW, 0, HOST, NET) or not proof.partition(b".")[2]


def test_a_number_that_does_not_solve_it_is_none() -> None:
    solved = int(PROOF.partition(b".")[2])
    for number in range(solved):
        assert not SEAL.is_solved(b"%b.%d" % (PUZZLE, number), NOW, BITS, HOST, NET)


def test_clients_are_taken_by_their_network() -> None:
    assert network_of(b"192.0.2.1") == network_of(b"192.0.2.254") == b"\xc0\x00\x02"
    assert network_of(b"192.0.3.1") != network_of(b"192.0.2.1")
    assert network_of(b"2001:db8::1") == network_of(b"2001:db8::ffff:1")
    assert network_of(b"2001:db8:0:1::1") != network_of(b"2001:db8::1")
    assert network_of(b"::ffff:192.0.2.9") == network_of(b"192.0.2.1")
    assert network_of(b"unix") == b"unix"
