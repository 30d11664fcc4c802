"""Master keys: made once, rotated, missing, and never replaced by accident."""

import io
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.people.mfa import SealedFactors
from cases.sealing import masters
from cases.sealing.envelope import CannotUnseal, forget, unwrap
from cases.sealing.models import DataKey
from tests.support.casework import Casework

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.SEALING_KEYS = tmp_path / "keys"
    forget()
    return tmp_path / "keys"


def ran(command: str) -> str:
    out = io.StringIO()
    call_command(command, stdout=out)
    return out.getvalue()


def test_the_first_key_is_made_once_and_for_its_owner_alone(folder: Path) -> None:
    ran("make_sealing_keys")
    path, search = sorted(folder.iterdir())
    assert (path.name, search.name) == ("1.key", "search-1.key")
    assert stat.S_IMODE(search.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before, searched = path.read_bytes(), search.read_bytes()
    assert len(bytes.fromhex(before.decode())) == len(bytes.fromhex(searched.decode())) == 32
    assert "There is a master key" in ran("make_sealing_keys")
    assert [each.read_bytes() for each in sorted(folder.iterdir())] == [before, searched]


def test_a_lost_key_is_said_and_not_replaced(casework: Casework, folder: Path) -> None:
    with pytest.raises(CommandError, match="restore the keys"):
        ran("make_sealing_keys")
    with pytest.raises(masters.NoMasterKey, match="No such file"):
        unwrap(DataKey.objects.get(scope=casework.case.stream.uuid))
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33])
def test_a_file_that_holds_no_key_is_said(folder: Path, content: str) -> None:
    folder.mkdir()
    (folder / "1.key").write_text(content)
    with pytest.raises(masters.NoMasterKey, match="holds no key"):
        masters.load("1")


def test_after_a_rotation_everything_is_read_and_the_old_key_opens_nothing_new(folder: Path) -> None:
    masters.make()
    casework = Casework.opened()
    stream = Stream.objects.get(pk=casework.case.stream_id)
    event = Event.objects.filter(stream=stream).earliest("sequence")
    before = dict(event.values)
    assert "keys are wrapped under" in ran("rotate_sealing_keys")
    assert set(DataKey.objects.values_list("master", flat=True)) == {"2"}
    (folder / "1.key").unlink()
    forget()
    assert Event.objects.get(pk=event.pk).values == before
    assert verify_stream(stream) is None
    told = Event.objects.get(action="keys.sealing_rotated")
    assert told.values == {"master": "2", "keys": DataKey.objects.count()}


def test_a_second_factor_is_sealed_at_rest(casework: Casework) -> None:
    factors = SealedFactors()
    kept = factors.encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in kept
    assert factors.decrypt(kept) == "JBSWY3DPEHPK3PXP"
    assert factors.encrypt("JBSWY3DPEHPK3PXP") != kept
    for put_there in ("JBSWY3DPEHPK3PXP", kept[:-8] + "AAAAAAA=", ""):
        with pytest.raises(CannotUnseal):
            factors.decrypt(put_there)
