"""Choices come out the same everywhere, and have the distribution that they say."""

from __future__ import annotations

from statistics import mean, median

from watchfloor.demo.dice import Dice


def test_the_same_seed_gives_the_same_choices() -> None:
    """Written down once: any other machine or Python must give the same."""
    dice = Dice(7, "test")
    drawn = (
        dice.whole(1, 1000),
        dice.letters(6),
        dice.hexes(10),
        round(dice.waiting(60), 6),
        round(dice.spread(10, 1), 6),
    )

    assert drawn == (913, "GVNCzi", "0c6c61c0f2", 76.00662, 23.97721)
    assert Dice(8, "test").letters(9) != Dice(7, "test").letters(9)


def test_rooms_do_not_disturb_each_other() -> None:
    """What one part draws does not change what another part gets."""
    quiet, busy = Dice(7, "demo"), Dice(7, "demo")
    for _ in range(100):
        busy.unit()

    assert quiet.room("scans").letters(9) == busy.room("scans").letters(9)
    assert quiet.room("scans").letters(9) != quiet.room("events").letters(9)


def test_whole_numbers_include_both_ends() -> None:
    """A die has six sides, each as often as the others."""
    dice = Dice(7, "sides")
    rolls = [dice.whole(1, 6) for _ in range(6000)]

    assert {n for n in range(1, 7) if 900 < rolls.count(n) < 1100} == {1, 2, 3, 4, 5, 6}
    assert set(rolls) == {1, 2, 3, 4, 5, 6}


def test_waiting_and_spread_have_their_mean_and_median() -> None:
    """Exponential with its mean, log-normal with its median; both have long tails."""
    dice = Dice(7, "tails")
    waits = [dice.waiting(60) for _ in range(20_000)]
    sizes = [dice.spread(100, 1.0) for _ in range(20_000)]

    assert 58 < mean(waits) < 62
    assert max(waits) > 300
    assert 96 < median(sizes) < 104
    assert 150 < mean(sizes) < 180  # exp(1/2) times the median


def test_weights_and_chances() -> None:
    """Each item as often as its weight says; an item of weight 0 never."""
    dice = Dice(7, "weights")
    drawn = [dice.weighted("abc", (6, 0, 2)) for _ in range(4000)]

    assert drawn.count("b") == 0
    assert 2850 < drawn.count("a") < 3150
    assert 900 < sum(dice.chance(0.25) for _ in range(4000)) < 1100


def test_some_items_are_different_and_in_their_order() -> None:
    """Asking for more than there is gives all."""
    dice = Dice(7, "some")

    assert dice.some("abcdef", 10) == list("abcdef")
    assert all(
        len(set(chosen)) == 3 and chosen == sorted(chosen) for chosen in (dice.some("abcdef", 3) for _ in range(50))
    )
