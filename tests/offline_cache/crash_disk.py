"""What a disk may hold after a power cut: the recorded operations of a process, and every loss.

`record` runs a command under strace and keeps what it did to one folder: creations, writes,
truncations, links, renames, removals, syncs. `states` then cuts the power after each operation and
enumerates what a journalling file system may have kept:

- what was synced is there: a file's bytes after fsync of the file, the names after fsync of a
  folder;
- of the names changed since, any beginning of the sequence is there;
- of each file's bytes written since, nothing, everything, any beginning, or everything with the
  last write torn at a sector.

The names and the bytes are lost independently of each other: a rename may be there whose file is
empty. That is worse than ext4 and f2fs behave, and what their documentation allows.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SECTOR: Final = 512

_CALLS: Final = (
    "open,openat,creat,close,write,pwrite64,lseek,truncate,ftruncate,fsync,fdatasync,"
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,symlink,symlinkat,mkdir,mkdirat,rmdir,"
    "writev,pwritev,sendfile,copy_file_range,dup,dup2,dup3"
)
_UNSUPPORTED: Final = frozenset({"writev", "pwritev", "sendfile", "copy_file_range", "truncate"})
_LINE: Final = re.compile(
    r"^(?:(?P<pid>\d+) +)?(?P<call>\w+)\((?P<args>.*)\) += (?P<result>-?\d+)(?P<to><[^>]*>)?"
)
_FOLDER: Final = re.compile("<([^>]*)>")
_BYTES: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Create:
    """A new empty file, or a truncation of one to nothing, under a name."""

    path: str
    inode: int


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at an offset."""

    inode: int
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A new length."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Link:
    """A second name."""

    path: str
    inode: int


@dataclass(frozen=True, slots=True)
class Symlink:
    """A name that leads to another."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Another name, in the place of what had it."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A name goes."""

    path: str


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """A new folder."""

    path: str


@dataclass(frozen=True, slots=True)
class Sync:
    """A file's bytes are on the disk; or, with a folder, all names so far."""

    inode: int | None
    """None: a folder was synced."""


Operation = Create | Write | Truncate | Link | Symlink | Rename | Remove | MakeFolder | Sync
Names = dict[str, "int | str | None"]
"""By path below the folder: an inode, the target of a symbolic link, or None for a folder."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A folder before, and what was done to it."""

    names: Names
    contents: dict[int, bytes]
    operations: tuple[Operation, ...]


@dataclass(slots=True)
class _Parser:
    """Turns strace's lines into operations on the files below one folder."""

    folder: str
    names: Names
    next_inode: int
    operations: list[Operation] = field(default_factory=list)
    _open: dict[str, int | None] = field(default_factory=dict)
    """Descriptor to inode; None: a folder."""
    _offset: dict[str, int] = field(default_factory=dict)

    def take(self, line: str) -> None:
        found = _LINE.match(line)
        if found is None or int(found["result"]) < 0:
            return
        call, args, result = found["call"], found["args"], int(found["result"])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _BYTES.findall(args)]
        descriptor = args.split(",")[0].split("<")[0]
        handler = getattr(self, f"_{call}", None)
        if call in _UNSUPPORTED and descriptor in self._open:
            raise AssertionError(f"{call} is not modelled")
        if handler is not None:
            handler(args, texts, descriptor, result)

    def _path(self, raw: bytes) -> str | None:
        path = raw.decode()
        assert path.startswith("/"), f"a relative path: {path}"
        inside = path.startswith(self.folder + "/") or path == self.folder
        return str(Path(path).relative_to(self.folder)) if inside else None

    def _openat(self, args: str, texts: list[bytes], _descriptor: str, result: int) -> None:
        self._offset.pop(str(result), None)
        self._open.pop(str(result), None)
        raw = texts[-1].decode()
        if not raw.startswith("/"):
            # strace -y shows the folder's path behind a descriptor, in the clear.
            raw = f"{_FOLDER.findall(args)[0]}/{raw}"
        path = self._path(raw.encode())
        if path is None or "O_TMPFILE" in args:
            return
        place = self.names.get(path, "") if path != "." else None
        if isinstance(place, str) and place:
            # An absolute target takes the place of the folder.
            target = self._path(str(Path(self.folder, path).parent / place).encode())
            assert target is not None
            path, place = target, self.names[target]
        if place == "":
            place = self._new(path)
        elif isinstance(place, int) and "O_TRUNC" in args:
            self.operations.append(Truncate(place, 0))
        assert not isinstance(place, str)
        self._open[str(result)] = place
        self._offset[str(result)] = 0

    def _new(self, path: str) -> int:
        self.next_inode += 1
        self.names[path] = self.next_inode
        self.operations.append(Create(path, self.next_inode))
        return self.next_inode

    def _close(self, _args: str, _texts: list[bytes], descriptor: str, _result: int) -> None:
        self._open.pop(descriptor, None)

    def _write(self, _args: str, texts: list[bytes], descriptor: str, result: int) -> None:
        inode = self._open.get(descriptor)
        if inode is not None:
            offset = self._offset[descriptor]
            self.operations.append(Write(inode, offset, texts[-1][:result]))
            self._offset[descriptor] = offset + result

    def _pwrite64(self, args: str, texts: list[bytes], descriptor: str, result: int) -> None:
        inode = self._open.get(descriptor)
        if inode is not None:
            self.operations.append(Write(inode, int(args.rsplit(",", 1)[1]), texts[-1][:result]))

    def _lseek(self, _args: str, _texts: list[bytes], descriptor: str, result: int) -> None:
        if descriptor in self._offset:
            self._offset[descriptor] = result

    def _ftruncate(self, args: str, _texts: list[bytes], descriptor: str, _result: int) -> None:
        inode = self._open.get(descriptor)
        if inode is not None:
            self.operations.append(Truncate(inode, int(args.rsplit(",", 1)[1])))

    def _fsync(self, _args: str, _texts: list[bytes], descriptor: str, _result: int) -> None:
        if descriptor in self._open:
            self.operations.append(Sync(self._open[descriptor]))

    _fdatasync = _fsync

    def _rename(self, _args: str, texts: list[bytes], _descriptor: str, _result: int) -> None:
        before, after = (self._path(text) for text in texts)
        if before is not None and after is not None:
            moved = {
                name: place
                for name, place in self.names.items()
                if name == before or name.startswith(f"{before}/")
            }
            for name, place in moved.items():
                del self.names[name]
                self.names[after + name.removeprefix(before)] = place
            self.operations.append(Rename(before, after))

    _renameat = _renameat2 = _rename

    def _link(self, _args: str, texts: list[bytes], _descriptor: str, _result: int) -> None:
        source, path = (self._path(text) for text in texts)
        if source is not None and path is not None:
            inode = self.names[source]
            assert isinstance(inode, int)
            self.names[path] = inode
            self.operations.append(Link(path, inode))

    _linkat = _link

    def _symlink(self, _args: str, texts: list[bytes], _descriptor: str, _result: int) -> None:
        path = self._path(texts[1])
        if path is not None:
            self.names[path] = texts[0].decode()
            self.operations.append(Symlink(path, texts[0].decode()))

    _symlinkat = _symlink

    def _unlink(self, args: str, texts: list[bytes], _descriptor: str, _result: int) -> None:
        raw = texts[-1].decode()
        if not raw.startswith("/"):
            raw = f"{_FOLDER.findall(args)[0]}/{raw}"
        path = self._path(raw.encode())
        if path is not None:
            del self.names[path]
            self.operations.append(Remove(path))

    _unlinkat = _rmdir = _unlink

    def _mkdir(self, _args: str, texts: list[bytes], _descriptor: str, _result: int) -> None:
        path = self._path(texts[-1])
        if path is not None:
            self.names[path] = None
            self.operations.append(MakeFolder(path))

    _mkdirat = _mkdir


def record(folder: Path, command: Sequence[str], trace: Path) -> tuple[Recording, int]:
    """Run `command` and record what it does to `folder`; its exit code too.

    One thread may write at a time; more would need their order.
    """
    names, contents = _snapshot(folder)
    done = subprocess.run(
        ["strace", "-f", "-y", "-xx", "-s", "100000000", "-e", f"trace={_CALLS}", "-o", str(trace),
         *command],
        check=False,
        capture_output=True,
    )  # fmt: skip
    parser = _Parser(str(folder), dict(names), len(contents))
    with trace.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            parser.take(_in_clear(line))
    return Recording(names, contents, tuple(parser.operations)), done.returncode


def _in_clear(line: str) -> str:
    """Paths behind descriptors are hex too with -xx; make them readable."""
    return re.sub(
        r"<((?:\\x[0-9a-f]{2})+)>",
        lambda found: f"<{bytes.fromhex(found[1].replace(chr(92) + 'x', '')).decode()}>",
        line,
    )


def _snapshot(folder: Path) -> tuple[Names, dict[int, bytes]]:
    names: Names = {}
    contents: dict[int, bytes] = {}
    seen: dict[int, int] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            names[name] = str(path.readlink())
        elif path.is_dir():
            names[name] = None
        else:
            inode = seen.setdefault(path.stat().st_ino, len(seen) + 1)
            names[name] = inode
            contents[inode] = path.read_bytes()
    return names, contents


State = tuple[Names, dict[int, bytes]]


def states(recording: Recording) -> Iterator[State]:
    """Every state that a power cut may leave; many are alike."""
    durable_names = dict(recording.names)
    durable = dict(recording.contents)
    pending_names: list[Operation] = []
    pending: dict[int, list[Write | Truncate]] = defaultdict(list)
    yield durable_names, durable
    for operation in recording.operations:
        match operation:
            case Write(inode) | Truncate(inode):
                pending[inode].append(operation)
            case Sync(inode):
                if inode is not None:
                    durable[inode] = _written(durable.get(inode, b""), pending.pop(inode, []))
                else:
                    for one in pending_names:
                        _apply_name(durable_names, one)
                    pending_names.clear()
            case _:
                pending_names.append(operation)
        yield from _losses(durable_names, durable, pending_names, pending)


def _losses(
    names: Names,
    contents: Mapping[int, bytes],
    pending_names: Sequence[Operation],
    pending: Mapping[int, Sequence[Write | Truncate]],
) -> Iterator[State]:
    variants = list(_content_variants(contents, pending))
    kept = dict(names)
    for place in range(len(pending_names) + 1):
        if place:
            _apply_name(kept, pending_names[place - 1])
        for variant in variants:
            yield dict(kept), variant


def _content_variants(
    contents: Mapping[int, bytes], pending: Mapping[int, Sequence[Write | Truncate]]
) -> Iterator[dict[int, bytes]]:
    """All lost, all kept, and each file alone kept to some point, the others all or nothing."""
    whole = {inode: _written(contents.get(inode, b""), writes) for inode, writes in pending.items()}
    yield dict(contents)
    yield {**contents, **whole}
    for inode, writes in pending.items():
        before = contents.get(inode, b"")
        yield {**contents, inode: whole[inode]}
        yield {**contents, **whole, inode: before}
        for part in _parts(before, writes):
            yield {**contents, inode: part}
            yield {**contents, **whole, inode: part}


def _parts(before: bytes, writes: Sequence[Write | Truncate]) -> Iterator[bytes]:
    """A beginning of the writes, the last one torn, or one of them missing."""
    for count in {1, len(writes) // 2, len(writes) - 1} - {0, len(writes)}:
        yield _written(before, writes[:count])
        yield _written(before, writes[count:])
    last = writes[-1]
    if isinstance(last, Write):
        done = _written(before, writes[:-1])
        for size in {1, SECTOR, len(last.content) // 2, len(last.content) - 1}:
            if 0 < size < len(last.content):
                yield _written(done, [Write(last.inode, last.offset, last.content[:size])])
                # The end of a write may reach the disk before its beginning.
                torn = Write(last.inode, last.offset + size, last.content[size:])
                yield _written(done, [torn])


def _written(before: bytes, writes: Sequence[Write | Truncate]) -> bytes:
    content = bytearray(before)
    for write in writes:
        if isinstance(write, Truncate):
            content = content[: write.size].ljust(write.size, b"\0")
        else:
            content = content.ljust(write.offset, b"\0")
            content[write.offset : write.offset + len(write.content)] = write.content
    return bytes(content)


def _apply_name(names: Names, operation: Operation) -> None:
    match operation:
        case Create(path, inode) | Link(path, inode):
            names[path] = inode
        case Symlink(path, target):
            names[path] = target
        case MakeFolder(path):
            names[path] = None
        case Remove(path):
            names.pop(path, None)
        case Rename(before, after):
            moved = [name for name in names if name == before or name.startswith(f"{before}/")]
            for name in moved:
                names[after + name.removeprefix(before)] = names.pop(name)
        case _:
            raise AssertionError(operation)


def lay(state: State, folder: Path) -> None:
    """Make `folder`, which must be empty, hold a state."""
    names, contents = state
    first: dict[int, Path] = {}
    for name, place in sorted(names.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if place is None:
            path.mkdir(exist_ok=True)
        elif isinstance(place, str):
            path.symlink_to(place)
        elif place in first:
            path.hardlink_to(first[place])
        else:
            path.write_bytes(contents.get(place, b""))
            first[place] = path
