"""PostgreSQL killed by SIGKILL under eight writers: what was acknowledged is there, and every chain holds."""

import os

import pytest

from tests.faults.conftest import STREAMS, Ground, wait_until_written

ROUNDS = int(os.environ.get("HOLDFAST_KILLS", "20"))


@pytest.mark.timeout(3000)
def test_no_acknowledged_event_is_lost_and_no_chain_breaks(ground: Ground) -> None:
    streams = ground.run("-c", STREAMS).split()
    ground.write(streams, "careful", "careful")
    for _round in range(ROUNDS):
        wait_until_written(ground, "careful", 40)
        ground.kill_postgres()
        ground.services.postgres.start()
    ground.stop_writing()
    acknowledged = ground.acknowledged("careful")
    assert len(acknowledged) >= 40 * ROUNDS
    assert acknowledged - ground.there() == set()
    # Chains, rows and the tree, into which everything is laid first.
    ground.run("manage.py", "make_checkpoint")
    assert "streams hold" in ground.run("manage.py", "verify_record")
    print(f"{ROUNDS} kills, {len(acknowledged)} events acknowledged, 0 lost")  # noqa: T201


def test_the_trial_would_see_a_loss(ground: Ground) -> None:
    """The same with commits that do not wait for the disk: then events that were acknowledged are gone."""
    streams = ground.run("-c", STREAMS).split()
    ground.write(streams, "careless", "careless")
    lost: set[int] = set()
    for _round in range(10):
        wait_until_written(ground, "careless", 20)
        ground.kill_postgres()
        ground.services.postgres.start()
        lost = ground.acknowledged("careless") - ground.there()
        if lost:
            break
    ground.stop_writing()
    assert lost, "nothing was lost: the trial proves nothing"
