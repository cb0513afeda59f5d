"""Which bytes may run: the shipped ones, pinned ones, signed ones, and others by explicit consent."""

import contextlib
import json
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegstream.codec import addresses, bundle, trust
from eegstream.codec.addresses import SHIPPED, shipped, shipped_digests
from eegstream.codec.archive import Archive
from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine
from eegstream.codec.golden import read_golden
from eegstream.codec.manifest import Manifest
from eegstream.codec.seen import look
from eegstream.codec.signatures import make_keys, sign, signature_path
from eegstream.codec.source_check import require_harmless
from eegstream.codec.tensor_check import require_tensors_inside
from eegstream.codec.trust import UNSIGNED_NOTE, Trust
from eegstream.errors import BundleError, ConfigError, EegstreamError
from tests.codec.hostile import rewritten
from tests.identity_bundle import digest, manifest, write_bundle

CPU = torch.device("cpu")
FLIPS = 200


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return write_bundle(tmp_path_factory.mktemp("own") / "identity-1.pt", manifest())


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder that takes the place of the package's bundles; the digests stay."""
    for path in shipped():
        if path.stem in ("default-2", "lite-2", "fast-2"):
            shutil.copy(path, tmp_path)
    monkeypatch.setattr(addresses, "SHIPPED", tmp_path)
    monkeypatch.setattr(trust, "SHIPPED", tmp_path)
    return tmp_path


def flipped(content: bytes, seed: int) -> bytes:
    """The bytes with one bit changed."""
    place = int(np.random.default_rng(seed).integers(8 * len(content)))
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def test_the_list_of_digests_fits():
    """Every shipped file is in it with its own digest, and no other file is."""
    assert dict(shipped_digests()) == {path.name: digest(path) for path in shipped()}


@pytest.mark.parametrize("text", [None, "", "abc\n", "0" * 64 + "  ../x.pt\n"])
def test_without_the_list_nothing_is_shipped(tmp_path, text):
    """It is no option: a package without it is broken."""
    if text is not None:
        (tmp_path / addresses.SUMS).write_text(text)
    with pytest.raises(BundleError, match="Install the package again"):
        shipped_digests(tmp_path)


def test_another_bundle_under_a_shipped_name_is_refused(installed):
    """`lite` renamed is not `default`, though it verifies; and a new name in the folder is not shipped."""
    shutil.copy(installed / "lite-2.pt", installed / "default-2.pt")
    shutil.copy(installed / "lite-2.pt", installed / "better-1.pt")
    for name in ("default", "default@2", "better", str(installed / "default-2.pt")):
        with pytest.raises(BundleError, match="is not the file that the package was made with"):
            load(name)
    assert load("lite").title == "lite@2"


def test_a_shipped_bundle_is_itself_by_any_path(tmp_path):
    """What counts is the content: its own title is told, and no note is made."""
    copy = shutil.copy(SHIPPED / "fast-2.pt", tmp_path / "default-2.pt")
    loaded = load(str(copy))
    assert (loaded.title, loaded.standing.why, loaded.standing.notes) == ("fast@2", "shipped", ())


def test_no_flipped_bit_loads_under_its_name(installed):
    """Of one bit in many places, none loads; one of them made the high-pass 8.5 Hz."""
    path = installed / "fast-2.pt"
    content = path.read_bytes()
    for seed in range(FLIPS):
        path.write_bytes(flipped(content, seed))
        with pytest.raises(BundleError, match="is not the file"):
            load("fast")
    path.write_bytes(content)
    assert load("fast").title == "fast@2"


def test_no_flipped_bit_loads_with_a_pinned_digest(own, tmp_path):
    """The same of a bundle of one's own."""
    pin, content, path = Trust(sha256=digest(own)), own.read_bytes(), tmp_path / "model.pt"
    for seed in range(FLIPS):
        path.write_bytes(flipped(content, seed))
        with pytest.raises(BundleError, match="model-sha256 says"):
            load(str(path), trust=pin)


def test_a_flipped_bit_is_seen_without_any_trust(own):
    """By the archive's checksums; PyTorch does not look at them."""
    content = own.read_bytes()
    for seed in range(FLIPS):
        with pytest.raises(BundleError):
            bundle.load_bytes(flipped(content, seed), own, "0" * 64, trust.Standing("unsigned"))


def test_a_changed_manifest_needs_another_digest(own, tmp_path):
    """A high-pass of 8.5 Hz instead of 0.5 is a manifest as good as any, but not the one that was pinned."""
    path = tmp_path / "model.pt"

    def change(name: str, content: bytes) -> bytes:
        return content.replace(b'"highpass_hz": 0.5', b'"highpass_hz": 8.5') if name.endswith(".json") else content

    path.write_bytes(rewritten(own, change))
    assert look(str(path)).manifest.frontend.highpass_hz == 8.5
    with pytest.raises(BundleError, match="model-sha256 says"):
        load(str(path), trust=Trust(sha256=digest(own)))


def test_a_path_without_trust_says_what_to_type(own):
    """The option with the digest, and the names of the setting in the configuration and in Python."""
    with pytest.raises(BundleError) as caught:
        load(str(own))
    assert f"--model-sha256 {digest(own)}" in caught.value.remedy
    assert "model-sha256" in caught.value.remedy
    assert "sha256=" in caught.value.remedy
    assert caught.value.exit_code == 78


def test_a_pin_holds_for_shipped_names_too():
    """And a wrong one is refused whatever else would allow it."""
    right = Trust(sha256=digest(SHIPPED / "fast-2.pt").upper())
    assert load("fast", trust=right).standing.why == "shipped"
    with pytest.raises(BundleError, match="model-sha256 says"):
        load("fast", trust=Trust(sha256="0" * 64, allow_unsigned=True))
    with pytest.raises(ConfigError, match="expected 64 hexadecimal digits"):
        Trust(sha256="abc")


def test_consent_is_logged_and_noted(own, caplog):
    """It runs first in a process of its own; every spec says that nothing vouches for it."""
    with caplog.at_level(logging.WARNING):
        loaded = load(str(own), trust=Trust(allow_unsigned=True))
    assert "unsigned" in caplog.text
    assert digest(own) in caplog.text
    assert Engine(loaded, CPU).facts.notes == (UNSIGNED_NOTE,)
    assert Engine(load(str(own), trust=Trust(sha256=digest(own))), CPU).facts.notes == ()


def test_the_bytes_that_were_judged_are_those_that_run(own, tmp_path, monkeypatch):
    """The file is read once: exchanged between check and use, it changes nothing."""
    path = Path(shutil.copy(own, tmp_path / "model.pt"))
    pin = Trust(sha256=digest(own))
    judge = bundle.standing

    def judge_and_exchange(*arguments: object) -> object:
        found = judge(*arguments)
        path.write_bytes((SHIPPED / "fast-2.pt").read_bytes())
        return found

    monkeypatch.setattr(bundle, "standing", judge_and_exchange)
    assert load(str(path), trust=pin).title == "identity@1"


@pytest.fixture
def signed(own, tmp_path):
    """A bundle with its signature, and the keys."""
    path = Path(shutil.copy(own, tmp_path / "model.pt"))
    secret = tmp_path / "lab.key"
    public, _ = make_keys(secret)
    sign(path, digest(path), secret)
    return path, public, secret


def test_a_signed_bundle_loads(signed):
    """With its key, or a folder that holds it."""
    path, public, _ = signed
    for place in (public, public.parent):
        loaded = load(str(path), trust=Trust(keys=(place,)))
        assert (loaded.standing.why, loaded.standing.notes) == ("signed by lab.pub", ())
    with pytest.raises(BundleError, match=r"model\.pt is neither shipped, pinned nor signed"):
        load(str(path))


def test_a_signature_is_of_these_bytes_by_this_key(signed, tmp_path):
    """Another bundle, another key or a damaged signature does not pass."""
    path, public, _ = signed
    content, signature = path.read_bytes(), signature_path(path)
    path.write_bytes((SHIPPED / "lite-2.pt").read_bytes() + b" ")
    with pytest.raises(BundleError, match=r"is not what lab\.pub signed"):
        load(str(path), trust=Trust(keys=(public,), allow_unsigned=True))
    path.write_bytes(content)
    other, _ = make_keys(tmp_path / "other.key")
    with pytest.raises(BundleError, match=r"the key of model\.pt\.sig is not in model-keys"):
        load(str(path), trust=Trust(keys=(other,)))
    text = signature.read_text()
    for damaged in (
        text[:-10],
        text.replace("ed25519", "rsa"),
        "",
        "\xff" * 99,
        text[:-2] + ("0" if text[-2] != "0" else "1") + "\n",
    ):
        signature.write_text(damaged, encoding="latin-1")
        with pytest.raises(BundleError, match="signature"):
            load(str(path), trust=Trust(keys=(public,)))


def test_keys_are_made_once_and_secret(tmp_path):
    """The secret one is for its owner alone; neither is ever overwritten."""
    secret = tmp_path / "lab.key"
    public, _ = make_keys(secret)
    if os.name == "posix":
        assert secret.stat().st_mode & 0o777 == 0o600
    before = secret.read_bytes(), public.read_bytes()
    with pytest.raises(EegstreamError, match="never overwritten"):
        make_keys(secret)
    public.rename(tmp_path / "kept.pub")
    with pytest.raises(EegstreamError, match="never overwritten"):
        make_keys(secret)
    assert not public.exists()
    assert (secret.read_bytes(), (tmp_path / "kept.pub").read_bytes()) == before
    with pytest.raises(EegstreamError, match="public key"):
        make_keys(tmp_path / "x.pub")


@pytest.mark.parametrize("place", ["none.pub", "empty", "wrong.pub", "lab.key"])
def test_a_key_that_is_none_is_a_wrong_configuration(signed, tmp_path, place):
    """A missing file, an empty folder, another text, the secret key."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong.pub").write_text("ssh-ed25519 AAAA")
    with pytest.raises(ConfigError, match="public key"):
        load(str(signed[0]), trust=Trust(keys=(tmp_path / place,)))


FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)


@FEW
@given(
    key=st.sampled_from(sorted(manifest())), value=JSON, extra=st.dictionaries(st.text(max_size=5), JSON, max_size=1)
)
def test_a_manifest_is_valid_or_a_bundle_error(key, value, extra):
    """Whatever stands in one key; what passes can be shown."""
    text = json.dumps(manifest() | {key: value} | extra).encode()
    with contextlib.suppress(BundleError):
        assert Manifest.from_json(text, "model.pt").model_dump_json()


@FEW
@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_bytes_of_any_kind_are_a_bundle_error(content):
    """For each reader of what a bundle holds."""
    for read in (
        lambda: Manifest.from_json(content, "model.pt"),
        lambda: Archive.read(content, "model.pt"),
        lambda: read_golden(content, Manifest.model_validate(manifest()), "model.pt"),
        lambda: require_tensors_inside({"data.pkl": b"\x80\x02" + content, "constants.pkl": b"N."}, "model.pt"),
    ):
        with pytest.raises(BundleError):
            read()
    with contextlib.suppress(BundleError):
        require_harmless({"code/__torch__.py": content}, "model.pt")


ENTRIES = ("data.pkl", "constants.pkl", "version", "code/__torch__/tests/identity_bundle.py", "extra/manifest.json")


@pytest.mark.parametrize("entry", [*ENTRIES, "extra/golden.npz"])
def test_damage_with_the_right_checksum_is_a_bundle_error(own, entry):
    """Some bytes of one entry, as an attacker would change them; nothing but a bundle or its error comes back."""
    for seed in range(60):
        rng = np.random.default_rng(seed)

        def change(name: str, content: bytes, rng: np.random.Generator = rng) -> bytes:
            changed = bytearray(content)
            for place in rng.integers(len(content), size=rng.integers(1, 4)) if name == entry else ():
                changed[place] = rng.integers(32, 127) if rng.random() < 0.5 else rng.integers(256)
            return bytes(changed)

        content = rewritten(own, change)
        assert content != own.read_bytes()
        with contextlib.suppress(BundleError):
            bundle.load_bytes(content, own, "0" * 64, trust.Standing("unsigned"))
