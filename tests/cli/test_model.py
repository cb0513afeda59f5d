"""`eegstream model`: what it lists, shows, verifies, signs and refuses."""

import json
import subprocess
import sys

import click.testing
import pytest

from eegstream.cli import cli
from eegstream.codec.addresses import SHIPPED, shipped
from eegstream.errors import BundleError, CodesError, EegstreamError
from tests.codec import hostile
from tests.codec.hostile import hostile_bundle
from tests.identity_bundle import digest, manifest, pinned, write_bundle


def run(*arguments: str) -> click.testing.Result:
    """The result of a command; an error of the project is raised."""
    done = click.testing.CliRunner().invoke(cli, ["model", *arguments])
    if isinstance(done.exception, EegstreamError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def own(tmp_path):
    return write_bundle(tmp_path / "identity-1.pt", manifest() | {"card": "red \x1b[31m card"})


def test_the_list_is_read_without_pytorch():
    """Each shipped bundle once; nothing of it is unpickled, compiled or run."""
    program = (
        "import sys, time\n"
        "from eegstream.cli import cli\n"
        "cli.main(['model', 'list', '--json'], standalone_mode=False)\n"
        "print(time.process_time(), 'torch' in sys.modules, 'numpy' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    took_s, *heavy = done.stderr.split()
    assert heavy == ["False", "False"]
    assert float(took_s) < 0.5, "0.17 s of processor time on the slowest machine that it was tried on"
    assert [f"{row['name']}-{row['version']}.pt" for row in json.loads(done.stdout)] == [p.name for p in shipped()]


def test_a_card_is_shown_with_digest_and_standing(own):
    """Of anybody's bundle, since nothing of it runs; characters that steer a terminal are escaped."""
    shown = run("show", str(own)).output
    assert f"identity@1  sha256 {digest(own)}  unsigned" in shown
    assert "red \\x1b[31m card" in shown
    told = json.loads(run("show", "fast", "--json").output)
    assert (told["sha256"], told["standing"]) == (digest(SHIPPED / "fast-2.pt"), "shipped")
    with pytest.raises(BundleError, match="model-sha256 says"):
        run("show", str(own), "--model-sha256", "0" * 64)


def test_a_bundle_of_unknown_origin_is_verified_under_limits(own):
    """Nothing vouches for it, so it is tried out elsewhere, and the digest to pin is told."""
    done = run("verify", str(own))
    assert "identity@1 verifies on cpu, tried out under limits: 100.0000%" in done.stdout
    assert f"--model-sha256 {digest(own)}" in done.stderr
    done = run("verify", str(own), "--model-sha256", digest(own), "--device", "cpu")
    assert "identity@1 verifies on cpu: 100.0000% of 196608 golden codes" in done.stdout
    assert "encoded by TorchScript (the search in C is for classified codecs)" in done.stdout


def test_verify_runs_nothing_that_could_write(tmp_path):
    """The file that the model would overwrite stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = hostile_bundle(tmp_path / "model.pt", hostile.Saves(str(victim)))
    for consent in ((), ("--allow-unsigned",), ("--model-sha256", digest(path))):
        with pytest.raises(BundleError, match="aten::save"):
            run("verify", str(path), *consent)
    assert victim.read_text() == "precious"


def test_keys_and_signatures_make_a_bundle_trusted(own):
    """Make keys, sign, and everybody who has the public key runs the bundle."""
    secret, public = own.with_name("lab.key"), own.with_name("lab.pub")
    assert str(public) in run("keys", str(secret)).output
    assert digest(own) in run("sign", str(own), "--key", str(secret)).output
    assert "signed by lab.pub" in run("show", str(own), "--model-keys", str(public)).output
    done = run("verify", str(own), "--model-keys", f"{public},{public.parent}", "--device", "cpu")
    assert "identity@1 verifies on cpu: " in done.output


def test_encode_ends_with_one_line_where_a_code_is_none(tmp_path):
    """A model that leaves its codebook leaves no codes file."""
    path = hostile_bundle(tmp_path / "model.pt", hostile.Wide())
    loud = tmp_path / "loud.csv"
    loud.write_text("time,C3\n" + "".join(f"{n / 256},{90_000 * (n % 2)}\n" for n in range(1024)))
    output = tmp_path / "f.codes.mcap"
    done = click.testing.CliRunner().invoke(cli, ["encode", str(loud), "-o", str(output), *pinned(path)])
    assert isinstance(done.exception, CodesError), done.output
    assert "encode gave 99999 as code 0, expected 0 to 65535" in str(done.exception)
    assert not output.exists()
