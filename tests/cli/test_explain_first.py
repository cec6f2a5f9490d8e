import subprocess
import sys


def test_that_a_token_is_none_is_said_before_any_store_is_looked_for(tmp_path):
    asked = (sys.executable, "-m", "accredit", "explain", "notatoken", "--data", str(tmp_path / "nowhere"))
    ended = subprocess.run(asked, capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error ACC1001: not a JWT\n  where  TOKEN argument\n")
