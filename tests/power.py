"""A drive that remembers what it was told, so that the power can be cut at every moment of it.

``Recorder`` puts itself between the real SQLite and its real file layer: the store, the module
``sqlite3`` and the library are those of production. It notes every write, truncation, deletion and
sync. ``Drive`` then says what a drive may hold when the power fails after so many of them: all
that was synced, and of the rest anything at all, in pieces of 512 bytes.
"""

import ctypes
import os
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path

SECTOR = 512

SQLITE_OK, SQLITE_IOERR, SQLITE_FULL = 0, 10, 13
IOERR_WRITE, IOERR_FSYNC = 10 | 3 << 8, 10 | 4 << 8
MAIN_JOURNAL, WAL = 0x800, 0x80000

# A path is a pointer, not bytes: SQLite keeps it, and looks for parameters behind it.
OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
DELETE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)

METHODS_N = 18
FIELDS_N = 17


class Methods(ctypes.Structure):
    """``sqlite3_io_methods``: what can be done with an open file."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        ("others", c_void_p * (METHODS_N - 5)),
    )


class Vfs(ctypes.Structure):
    """``sqlite3_vfs``: a file layer."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("path_max", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("others", c_void_p * (FIELDS_N - 3)),
    )


class File(ctypes.Structure):
    """``sqlite3_file``: the beginning of an open file."""

    _fields_ = (("methods", POINTER(Methods)),)


def library():
    """The very SQLite that the module ``sqlite3`` runs on, or ``None`` where it is built in."""
    import sqlite3  # so that it is loaded

    try:
        maps = Path("/proc/self/maps").read_text("utf-8")
    except OSError:
        return None
    paths = {line.split()[-1] for line in maps.splitlines() if "libsqlite3" in line}
    if len(paths) != 1:
        return None
    found = ctypes.CDLL(paths.pop())
    found.sqlite3_libversion.restype = c_char_p
    same = found.sqlite3_libversion().decode() == sqlite3.sqlite_version
    return found if same else None


REGISTERED = []
"""SQLite walks the list of its file layers whenever it opens a file, so none may ever be freed."""


class Recorder:
    """A file layer called ``name``; while ``recording`` it notes what happens in a folder.

    A note is ``(what, name of the file, number of the file, ...)``; a file that is made anew has a
    new number. ``fail`` makes a later note an error instead.
    """

    def __init__(self, lib, name):
        self.name = name
        self.notes = []
        self._folder = None
        self._fail_at = self._code = None
        self._dying = False
        self._numbers = {}  # of the files in the folder, by name
        self._made = self._changes = 0
        self._open = {}  # by address: name, number, and whether it is a new journal
        self._methods = {}  # address of the real methods: ours
        lib.sqlite3_vfs_find.restype = c_void_p
        lib.sqlite3_vfs_find.argtypes = (c_char_p,)
        lib.sqlite3_vfs_register.argtypes = (c_void_p, c_int)
        self._real = lib.sqlite3_vfs_find(None)
        real = Vfs.from_address(self._real)
        self._real_open, self._real_delete = OPEN(real.open), DELETE(real.delete)
        self._hooks = (OPEN(self._xopen), DELETE(self._xdelete))
        self._vfs = Vfs.from_buffer_copy(real)
        self._vfs.name, self._vfs.next = name.encode(), None
        self._vfs.open, self._vfs.delete = (ctypes.cast(h, c_void_p).value for h in self._hooks)
        lib.sqlite3_vfs_register(ctypes.addressof(self._vfs), 0)
        REGISTERED.append(self)

    @contextmanager
    def recording(self, folder):
        """Note what happens in a folder that is empty now."""
        self.notes.clear()
        self._folder = os.fsencode(folder)
        self._numbers = {}
        try:
            yield self.notes
        finally:
            self._folder = self._fail_at = None

    def fail(self, after, code, *, dying):
        """Let the change after so many more fail, and (``dying``) all that follow."""
        self._fail_at, self._code, self._dying = self._changes + after, code, dying

    def heal(self):
        self._fail_at = None

    def _new(self):
        self._made += 1
        return self._made

    def _note(self, *note):
        """Note it, unless it fails: the code of the error then."""
        self._changes += 1
        n = self._fail_at
        if n is not None and (self._changes == n or (self._dying and self._changes > n)):
            self.notes.append(("error", *note))
            code = SQLITE_IOERR if self._code == SQLITE_FULL and note[0] != "write" else self._code
            return IOERR_FSYNC if note[0] == "sync" else code
        self.notes.append(note)
        return SQLITE_OK

    def _name(self, path):
        """The name of a file in the folder, else ``None``."""
        if not path or self._folder is None:
            return None
        folder, name = os.path.split(ctypes.string_at(path))
        return name if folder == self._folder else None

    def _xopen(self, _, path, file, flags, flags_out):
        name = self._name(path)
        new = name is not None and name not in self._numbers
        code = self._real_open(self._real, path, file, flags, flags_out)
        methods = File.from_address(file).methods
        self._open.pop(file, None)
        if code == SQLITE_OK and name is not None and not name.endswith(b"-shm"):
            if new:
                self._numbers[name] = self._new()
                self.notes.append(("make", name, self._numbers[name]))
            # SQLite's Unix layer syncs the folder with the first sync of a journal that it made.
            journal = new and bool(flags & (MAIN_JOURNAL | WAL))
            self._open[file] = [name, self._numbers[name], journal]
        if code == SQLITE_OK and methods:
            File.from_address(file).methods = ctypes.pointer(self._hooked(methods.contents))
        return code

    def _xdelete(self, _, path, sync_folder):
        name = self._name(path)
        if name is None:
            return self._real_delete(self._real, path, sync_folder)
        if name in self._numbers:
            if code := self._note("delete", name, self._numbers[name], bool(sync_folder)):
                return code
            del self._numbers[name]
        return self._real_delete(self._real, path, 0)

    def _hooked(self, real):  # noqa: C901 - three hooks of four lines
        """The methods of a file, those that change it noted first."""
        address = ctypes.addressof(real)
        if address not in self._methods:
            write, truncate = WRITE(real.write), TRUNCATE(real.truncate)

            def xwrite(file, data, size, offset):
                if file in self._open:
                    name, number, _ = self._open[file]
                    noted = ("write", name, number, offset, ctypes.string_at(data, size))
                    if code := self._note(*noted):
                        return code
                return write(file, data, size, offset)

            def xtruncate(file, size):
                if file in self._open:
                    name, number, _ = self._open[file]
                    if code := self._note("truncate", name, number, size):
                        return code
                return truncate(file, size)

            def xsync(file, _):
                if file in self._open:
                    name, number, journal = self._open[file]
                    if code := self._note("sync", name, number, journal):
                        return code
                    self._open[file][2] = False
                return SQLITE_OK  # no need to wait for the real drive: it keeps its power

            hooks = (WRITE(xwrite), TRUNCATE(xtruncate), SYNC(xsync))
            ours = Methods.from_buffer_copy(real)
            ours.write, ours.truncate, ours.sync = (ctypes.cast(h, c_void_p).value for h in hooks)
            self._methods[address] = (ours, hooks)
        return self._methods[address][0]


class Drive:
    """What is on the platter, and what is only on its way there; empty at the beginning."""

    def __init__(self, *, lying=False):
        self.platter = {}  # bytes, by the number of the file
        self.names = {}  # the number of the file, by name
        self.waiting = []  # changes of files: number, offset or None, bytes or size
        self.moves = []  # changes of names: name, number or None
        self.lying = lying  # says that it has synced, and has not

    def take(self, note):
        what, name, number, *rest = note
        if what == "make":
            self.platter[number] = bytearray()
            self.moves.append((name, number))
        elif what == "write":
            offset, data = rest
            for start in range(0, len(data), SECTOR):
                piece = (number, offset + start, data[start : start + SECTOR])
                self.waiting.append(piece)
        elif what == "truncate":
            self.waiting.append((number, None, rest[0]))
        elif what == "delete":
            self.moves.append((name, None))
        if what == "sync" and not self.lying:
            for change in self.waiting:
                if change[0] == number:
                    self._apply(self.platter[number], change)
            self.waiting = [change for change in self.waiting if change[0] != number]
        if what in ("delete", "sync") and rest[0] and not self.lying:  # the folder too
            self._move(self.names, len(self.moves))
            self.moves.clear()

    def cut(self, rng):
        """The files after a power cut: of what was not synced, as much as chance will have."""
        luck = rng.choice((0, 0.2, 0.5, 0.8, 1))
        names = dict(self.names)
        self._move(names, rng.randint(0, len(self.moves)))
        bodies = {number: bytearray(self.platter[number]) for number in names.values()}
        for change in self.waiting:
            if change[0] in bodies and rng.random() < luck:
                self._apply(bodies[change[0]], change)
        return {name: bytes(bodies[number]) for name, number in names.items()}

    def _move(self, names, n):
        for name, number in self.moves[:n]:
            names.pop(name, None)
            if number is not None:
                names[name] = number

    @staticmethod
    def _apply(body, change):
        _, offset, new = change
        if offset is None:
            del body[new:]
            body.extend(bytes(max(0, new - len(body))))
        else:
            body.extend(bytes(max(0, offset + len(new) - len(body))))
            body[offset : offset + len(new)] = new
