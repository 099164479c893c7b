"""The storage against a real folder and against S3 as moto serves it over HTTP."""

import hashlib
import os
import tempfile
import threading
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer
from tests.embedded import TIMEOUT_S

from platerunner_unit.contract.storage import AccessDeniedError, NotFoundError, Storage, StorageError

ODD_KEYS = [
    "plain.txt", "with space.txt", "per%cent.txt", "en%2Fcoded.txt", "ha#sh.txt", "ünï/日本.txt", "plus+.txt", "q?.txt",
    "star*.txt", "brace{x}.txt", "plate=P%2F1/well=A01/x.json", "br[x].txt", "amp&.txt", "back\\slash", "dots../x",
]  # fmt: skip


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",  # moto takes any
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        for name, value in settings.items():
            patch.setenv(name, value)
        yield endpoint
    server.stop()


def _bucket(endpoint: str) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    request = urllib.request.Request(f"{endpoint}/{name}", method="PUT", data=b"")
    urllib.request.urlopen(request, timeout=TIMEOUT_S).close()
    return name


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    if request.param == "folder":
        return Storage(str(tmp_path / "a work%space"))
    return Storage(f"s3://{_bucket(request.getfixturevalue('s3_server'))}/some pre%fix/")


def _keys(storage: Storage, prefix: str = "") -> list[str]:
    return sorted(found.key for found in storage.list(prefix))


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_come_back_as_they_were_written(storage, key):
    storage.put(key, key.encode())
    assert _keys(storage) == [key]
    assert storage.get(key) == key.encode()
    assert storage.head(key).key == key
    storage.delete(key)
    assert not storage.exists(key)


def test_list_takes_a_prefix_that_ends_within_a_name(storage):
    for key in ("images/P1/a", "images/P10/a", "images/P2/a", "image"):
        storage.put(key, b"x")
    assert _keys(storage, "images/P1") == ["images/P1/a", "images/P10/a"]
    assert _keys(storage, "images/P1/") == ["images/P1/a"]
    assert _keys(storage, "im") == ["image", "images/P1/a", "images/P10/a", "images/P2/a"]
    assert _keys(storage, "nothing/") == []


def test_list_begins_after_a_key(storage):
    for key in ("a/1", "a/2/x", "a/3", "a/ü", "b/1"):
        storage.put(key, b"x")
    assert sorted(found.key for found in storage.list("a/", "a/2/")) == ["a/2/x", "a/3", "a/ü"]
    assert sorted(found.key for found in storage.list("a/", "a/3")) == ["a/ü"]
    assert sorted(found.key for found in storage.list("", "a/ü")) == ["b/1"]


def test_list_goes_over_many_pages(storage):
    names = [f"many/{number:04d}" for number in range(1003)]
    for name in names:
        _put_fast(storage, name)
    assert _keys(storage, "many/") == names


def _put_fast(storage: Storage, key: str) -> None:
    """Write an empty object past moto's HTTP, which takes 6 ms for each."""
    if storage.local is not None:
        storage.put(key, b"")
        return
    bucket, _, prefix = storage.url.removeprefix("s3://").partition("/")
    s3_backends["123456789012"]["aws"].put_object(bucket, f"{prefix}/{key}", b"")


def test_folders_lists_one_level(storage):
    for key in ("images/P 1/a", "images/P%2/b/c", "images/top", "other/x"):
        storage.put(key, b"xy")
    folders, objects = storage.folders("images/")
    assert sorted(folders) == ["images/P 1/", "images/P%2/"]
    assert [(found.key, found.size) for found in objects] == [("images/top", 2)]
    assert sorted(storage.folders()[0]) == ["images/", "other/"]


def test_an_object_of_zero_bytes_is_there(storage):
    storage.put("empty", b"")
    assert storage.head("empty").size == 0
    assert storage.get("empty") == b""
    assert storage.get_range("empty", 0, 0) == b""


def test_ranges(storage):
    storage.put("digits", b"0123456789")
    assert storage.get_range("digits", 2, 3) == b"234"
    assert storage.get_range("digits", 8, 100) == b"89"
    assert storage.get_range("digits", 4, 0) == b""


def test_etag_changes_with_the_content_only(storage):
    storage.put("a", b"one")
    first = storage.head("a").etag
    assert first
    assert [found.etag for found in storage.list()] == [first]
    assert storage.head("a").etag == first
    storage.put("a", b"two, longer")
    assert storage.head("a").etag != first


def test_of_two_writers_who_read_the_same_one_wins(storage):
    first = storage.put_if("record", b"a", None)
    assert first
    assert storage.put_if("record", b"b", None) is None, "it is there already"
    assert storage.get_tagged("record") == (b"a", first)
    second = storage.put_if("record", b"c, longer", first)
    assert second
    assert storage.put_if("record", b"d", first) is None, "somebody has written it since"
    assert storage.get_tagged("record") == (b"c, longer", second)


@pytest.mark.parametrize("there", [False, True])
def test_of_many_writers_at_once_one_wins(tmp_path, there):
    """In a folder, where the lock is ours; moto looks and writes in two steps, so two at once may both pass there."""
    storage = Storage(str(tmp_path / "workspace"))
    etag = storage.put_if("record", b"before", None) if there else None
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: storage.put_if("record", f"writer {n}".encode(), etag), range(8)))
    [winner] = [n for n, mine in enumerate(won) if mine]
    assert storage.get_tagged("record") == (f"writer {winner}".encode(), won[winner])


@pytest.mark.slow
def test_a_store_without_conditional_writes_says_so():
    with _refusing_server(501, "NotImplemented") as endpoint:
        keys = {"access_key_id": "testing", "secret_access_key": "testing"}
        storage = Storage("s3://bucket/prefix", {"endpoint": endpoint, **keys})
        for etag in (None, "abc"):
            with pytest.raises(StorageError, match=r"/record: .*If-None-Match.*cannot be a workspace"):
                storage.put_if("record", b"x", etag)


def test_upload_and_download_of_a_file_above_the_part_size(storage, tmp_path):
    content = os.urandom(1 << 20) * 11
    digest = hashlib.sha256(content).hexdigest()
    source = tmp_path / "source"
    source.write_bytes(content)
    storage.upload(source, "large/file.tiff", digest)
    assert storage.head("large/file.tiff").size == len(content)
    assert storage.download("large/file.tiff", tmp_path / "new folder" / "copy") == len(content)
    assert hashlib.sha256((tmp_path / "new folder" / "copy").read_bytes()).hexdigest() == digest
    assert storage.stored_sha256("large/file.tiff") == (None if storage.local else digest)


def test_download_leaves_no_part_of_a_file_behind_under_its_name(storage, tmp_path):
    storage.put("other", b"x")
    with pytest.raises(NotFoundError):
        storage.download("missing", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_stored_sha256_of_an_object_that_somebody_else_wrote(storage):
    storage.put("foreign", b"x")
    assert storage.stored_sha256("foreign") is None


@pytest.mark.parametrize("call", ["head", "get"])
def test_missing_object(storage, call):
    storage.put("other", b"x")
    with pytest.raises(NotFoundError, match=r"missing.*does not exist"):
        getattr(storage, call)("missing")


def test_deleting_what_is_not_there_is_no_error(storage):
    storage.put("other", b"x")
    storage.delete("missing")
    assert _keys(storage) == ["other"]


def test_a_key_that_no_storage_can_hold(storage):
    storage.put("other", b"x")
    for key in ("ctl\n.txt", "a/../../b"):
        with pytest.raises(StorageError):
            storage.put(key, b"x")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("P1/Icon\r", r"holds `P1/Icon\r`, a name that cannot be read here; rename or delete it"),
        ("P\n1/a.tif", r"holds `P\n1/a.tif`, a name that cannot be read here"),
        (os.fsdecode(b"\xff.tif"), "holds `%FF.tif`, a name that cannot be read here"),
    ],
)
def test_a_file_whose_name_is_no_key_is_named(tmp_path, name, said):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(StorageError) as caught:
        _keys(Storage(str(tmp_path)))
    assert str(caught.value).startswith(f"{tmp_path} {said}")
    assert "\n" not in str(caught.value)


def test_a_link_that_leads_in_a_circle_is_named(tmp_path):
    (tmp_path / "P1").mkdir()
    (tmp_path / "P1" / "up").symlink_to(tmp_path)
    with pytest.raises(StorageError, match=r"the link .*/P1/up leads in a circle; delete it"):
        _keys(Storage(str(tmp_path)))


def test_a_system_s_words_are_enough(tmp_path):
    with pytest.raises(StorageError, match=r"x+: File name too long$"):
        Storage(str(tmp_path)).put("x" * 300, b"")


@pytest.mark.slow
def test_readers_see_a_whole_object_while_it_is_overwritten(storage):
    contents = {bytes([letter]) * 300_000 for letter in b"ab"}
    storage.put("state", next(iter(contents)))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for content in contents:
                storage.put("state", content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [storage.get("state") for _ in range(60)]
    finally:
        stop.set()
        writer.join()
    assert set(seen) <= contents


def test_missing_folder_is_empty_and_can_be_written(tmp_path):
    storage = Storage(str(tmp_path / "not" / "there"))
    assert _keys(storage) == []
    assert storage.folders() == ((), ())
    assert not storage.exists("a")
    storage.put("a/b", b"x")
    assert _keys(storage) == ["a/b"]


def test_missing_bucket(s3_server):
    storage = Storage("s3://no-such-bucket/prefix")
    calls = [
        lambda: _keys(storage),
        lambda: storage.get("k"),
        lambda: storage.put("k", b""),
        lambda: storage.folders("a/"),
    ]
    for call in calls:
        with pytest.raises(NotFoundError, match="s3://no-such-bucket does not exist: there is no such bucket"):
            call()


def test_refused_credentials(s3_server):
    """moto checks no signatures, so the refusal comes from a server that refuses everything."""
    with _refusing_server() as endpoint:
        storage = Storage("s3://bucket/prefix", {"endpoint": endpoint})
        for call in (
            lambda: _keys(storage),
            lambda: storage.get("k"),
            lambda: storage.put("k", b""),
            lambda: storage.head("k"),
        ):
            with pytest.raises(AccessDeniedError, match=r"s3://bucket/prefix.*access denied"):
                call()


def _refusing_server(status: int = 403, code: str = "AccessDenied", said: str = "Access Denied"):
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{said}</Message></Error>".encode()

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_PUT = do_HEAD = do_GET  # noqa: N815  (http.server's own names)

        def log_message(self, *args) -> None:
            return None

    @contextmanager
    def running():
        server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    return running()


def test_a_workspace_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AccessDeniedError, match="cannot be written"):
        Storage(str(tmp_path / "file" / "workspace")).put("a", b"x")


@contextmanager
def _without_root():
    """Act as a user whom file modes bind, if the tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_that_may_only_be_read():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "there").write_bytes(b"x")
        folder.chmod(0o555)
        storage, nested = Storage(name), Storage(f"{name}/new/workspace")
        with _without_root():
            assert storage.get("there") == b"x"
            for call in (
                lambda: storage.put("a/b", b"x"),
                lambda: storage.put("there", b"y"),
                lambda: nested.put("a", b""),
            ):
                with pytest.raises(AccessDeniedError, match=name) as caught:
                    call()
                assert "\n" not in str(caught.value)
        folder.chmod(0o755)


def test_a_file_that_may_not_be_read():
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "secret").write_bytes(b"x")
        (Path(name) / "secret").chmod(0o000)
        with _without_root(), pytest.raises(AccessDeniedError, match="secret: access denied"):
            Storage(name).get("secret")


def test_path_stays_inside(tmp_path):
    storage = Storage(str(tmp_path))
    assert storage.path("a/b") == tmp_path / "a" / "b"
    for key in ("../x", "a/../../x", "/etc/passwd"):
        with pytest.raises(StorageError, match="must stay inside"):
            storage.path(key)


@pytest.mark.parametrize("url", ["ftp://host/x", "https://host/x", "gs://bucket/x"])
def test_other_schemes_are_refused(url):
    with pytest.raises(StorageError, match="only s3:// URLs and folders"):
        Storage(url)


def test_file_urls_are_folders(tmp_path):
    storage = Storage((tmp_path / "with space").as_uri())
    storage.put("a", b"x")
    assert (tmp_path / "with space" / "a").read_bytes() == b"x"
    assert storage.local == Path(tmp_path / "with space")
