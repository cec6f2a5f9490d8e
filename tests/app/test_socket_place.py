"""Where the Unix socket of jobs is made: the kernel takes no long paths."""

import stat
import tempfile

from accredit.app import test_issuers
from accredit.app.folder import Folder


def test_the_socket_of_jobs_is_where_its_path_is_short_enough(tmp_path, monkeypatch):
    def place(data):
        return test_issuers.socket_path(Folder(data, data / "key", emulator=True, temporary=False))

    assert place(tmp_path) == tmp_path / "job.sock" or len(str(tmp_path)) > 90
    far = tmp_path.joinpath(*["deep"] * 20)
    for temporary in (tmp_path, far):
        temporary.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        found = place(far)
        assert len(str(found)) <= test_issuers.LONGEST_SOCKET
        assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
        found.parent.rmdir()
