"""Archives, files and folders that are hostile or broken: made here, small, and the same every time."""

import bz2
import gzip
import io
import lzma
import os
import random
import socket
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import lz4.frame
import zstandard

SECRET = "hunter2-" + "planted-by-the-hostile-generator"
OUTSIDE = "only-a-followed-link-shows-this"
LOG = (
    b'time="2025-03-04T10:15:30Z" level=info msg="Subscribed to scheduler" func=x\n'
    b'time="2025-03-04T10:15:31Z" level=error msg="no room" password=' + SECRET.encode() + b"\n"
)


def header(name: bytes, size: int = 0, kind: bytes = b"0", target: bytes = b"", magic: bytes = b"ustar\x0000") -> bytes:
    """Return a tar header whose checksum is right, whatever else is not."""
    block = bytearray(512)
    block[:100] = name[:100].ljust(100, b"\0")
    block[100:108] = b"0000644\0"
    block[108:124] = b"0000000\0" * 2
    block[124:136] = b"%011o\0" % size if 0 <= size < 8**11 else b"\x80" + size.to_bytes(11, "big", signed=size < 0)
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[157:257] = target[:100].ljust(100, b"\0")
    block[257:265] = magic
    return sealed(block)


def sealed(block: bytearray) -> bytes:
    """Return the block with its checksum."""
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def stored(name: bytes, data: bytes, kind: bytes = b"0", **more: bytes) -> bytes:
    """Return a tar member."""
    return header(name, len(data), kind, **more) + data + bytes(-len(data) % 512)


def pax(**fields: object) -> bytes:
    """Return an extended header."""
    out = b""
    for key, value in fields.items():
        raw = value if isinstance(value, bytes) else str(value).encode()
        record = b" " + key.replace("__", ".").encode() + b"=" + raw + b"\n"
        size = len(record) + 1
        while len(str(size)) + len(record) != size:
            size += 1
        out += str(size).encode() + record
    return stored(b"pax", out, b"x")


END = bytes(1024)


def _zip(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def _overlapping() -> bytes:
    """Return a zip of which every directory entry names the same bytes."""
    data = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = data.compress(bytes(1 << 20)) + data.flush()
    crc = zlib.crc32(bytes(1 << 20))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), 1 << 20, 1, 0) + b"a" + packed
    central = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(packed), 1 << 20, 4, 0, 0, 0, 0, 0, 0)
        + b"%04d" % i
        for i in range(2000)
    )
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2000, 2000, len(central), len(local), 0)


def _encrypted() -> bytes:
    raw = bytearray(_zip(("secret.log", LOG)))
    raw[6] |= 1
    at = raw.find(b"PK\1\2")
    raw[at + 8] |= 1
    return bytes(raw)


def _bomb(compress: Callable[[bytes], bytes], mib: int) -> bytes:
    return compress(bytes(mib << 20))


def _nested(levels: int) -> bytes:
    data = LOG
    for level in range(levels):
        data = gzip.compress(data, mtime=0) if level % 2 else stored(b"in.tar", data) + END
    return data


def _gz_of_gz(levels: int) -> bytes:
    data = LOG
    for _ in range(levels):
        data = gzip.compress(data, mtime=0)
    return data


def _yaml_bomb() -> bytes:
    rows = [b"a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    rows += [b"a%d: &a%d [%s]" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 12)]
    return b"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n" + b"\n".join(rows) + b"\n"


def _sparse() -> bytes:
    block = bytearray(header(b"sparse.log", 512, b"S", magic=b"ustar  \0"))
    block[386:398] = b"%011o\0" % 0
    block[398:410] = b"%011o\0" % 512
    block[482] = 0
    block[483:495] = b"\x80" + (1 << 40).to_bytes(11, "big")
    return sealed(block) + b"x" * 512 + stored(b"after.log", LOG) + END


_SMALL = stored(b"logs/agent.log", LOG * 40) + stored(b"logs/scheduler.log", LOG * 40) + END


def _flipped(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311 - the same inputs every time
    out = bytearray(data)
    for _ in range(3):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _truncated_names() -> bytes:
    long = b"d/" * 2500 + b"x.log"
    return stored(b"././@LongLink", long + b"\0", b"L") + stored(b"short", LOG) + END


def small_files() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of the inputs that are one file and quickly made."""
    yield "empty", b""
    yield "one-byte", b"\x1f"
    yield "random", random.Random(1).randbytes(200_000)  # noqa: S311
    yield "a.pdf", b"%PDF-1.7\n" + random.Random(2).randbytes(5_000)  # noqa: S311
    yield "plain.log", LOG
    yield "absolute.tar", stored(b"/etc/cron.d/x", LOG) + END
    yield "dotdot.tar", stored(b"../../../../tmp/hostile-escaped", LOG) + END
    yield (
        "links.tar",
        (
            header(b"a", kind=b"2", target=b"/etc/passwd")
            + header(b"b", kind=b"2", target=b"../../etc/passwd")
            + header(b"c", kind=b"1", target=b"/etc/passwd")
            + header(b"d", kind=b"2", target=b"d")
            + header(b"e", kind=b"2", target=b"")
            + stored(b"a/inside.log", LOG)
            + END
        ),
    )
    yield "devices.tar", b"".join(header(b"dev", kind=kind) for kind in (b"3", b"4", b"6")) + stored(b"x", LOG) + END
    yield "duplicates.tar", stored(b"a.log", LOG) + stored(b"a.log", LOG * 2) + stored(b"A.log", LOG) + END
    yield "file-and-folder.tar", stored(b"a", LOG) + stored(b"a/b", LOG) + header(b"a/", kind=b"5") + END
    yield "names.tar", b"".join(
        stored(name, LOG)
        for name in (
            b"\xff\xfe.log",
            b"esc\x1b[31m.log",
            b"line\nfeed.log",
            "\u202etxt.exe.log".encode(),
            "zero\u200bwidth.log".encode(),
            b"CON",
            b"dots...",
            b"[red]markup[/red].log",
            b"<script>alert(1)</script>.log",
            b"=cmd|' /C calc'!A0.log",
            b" ",
            b".",
            b"a!b!c.log",
        )
    ) + END  # fmt: skip
    yield "long-name.tar", _truncated_names()
    yield "sparse.tar", _sparse()
    yield "pax-sparse.tar", pax(GNU__sparse__major="1", GNU__sparse__realsize=1 << 50) + stored(b"s", LOG) + END
    yield "pax-zero-length.tar", stored(b"pax", b"0 path=x\n", b"x") + stored(b"a", LOG) + END
    yield "pax-digits.tar", stored(b"pax", b"9" * 1_000_000 + b" path=x\n", b"x") + stored(b"a", LOG) + END
    yield (
        "pax-size.tar",
        pax(size="-5", path=b"../x") + stored(b"a", LOG) + pax(size="9" * 5000) + stored(b"b", LOG) + END,
    )
    yield "pax-times.tar", pax(mtime="1e300", atime="nan") + stored(b"a", LOG) + END
    yield "pax-global.tar", stored(b"g", b"13 size=9999\n", b"g") + stored(b"a", LOG) + END
    yield "pax-quadratic.tar", stored(b"pax", b"1" * 60_000, b"x") + stored(b"a", LOG) + END
    yield "negative-size.tar", header(b"a", -512) + stored(b"b", LOG) + END
    yield "huge-size.tar", header(b"a", 1 << 70) + LOG
    yield "damaged-header.tar", stored(b"a", LOG) + b"\xaa" * 512 + stored(b"b", LOG) + END
    yield "after-the-end.tar", stored(b"a", LOG) + END + stored(b"b", LOG) + END + b"junk" * 300
    yield "no-end.tar", stored(b"a", LOG)
    yield "v7.tar", stored(b"a", LOG, kind=b"\0", magic=bytes(8)) + END
    small = gzip.compress(_SMALL, mtime=0)
    yield "small.tar.gz", small
    for cut in (1, 10, 20, len(small) // 2, len(small) - 9, len(small) - 4, len(small) - 1):
        yield f"cut-{cut}.tar.gz", small[:cut]
    for seed in range(12):
        yield f"flipped-{seed}.tar.gz", _flipped(small, seed)
        yield f"flipped-{seed}.tar", _flipped(_SMALL, seed)
        yield f"flipped-{seed}.zip", _flipped(_zip(("a.log", LOG * 40), ("b.log", LOG * 40)), seed)
        yield f"flipped-{seed}.tar.xz", _flipped(lzma.compress(_SMALL), seed)
        yield f"flipped-{seed}.tar.bz2", _flipped(bz2.compress(_SMALL), seed)
    yield "wrong-crc.log.gz", gzip.compress(LOG, mtime=0)[:-8] + b"\0" * 8
    yield "trailing.log.gz", gzip.compress(LOG, mtime=0) + b"not gzip"
    yield "padded.log.gz", gzip.compress(LOG, mtime=0) + bytes(4096)
    yield "members.log.gz", gzip.compress(LOG, mtime=0) * 500
    yield "nested-40", _nested(40)
    yield "gz-of-gz", _gz_of_gz(60)
    yield "zip-in-zip.zip", _zip(("in.zip", _zip(("in.zip", _zip(("a.log", LOG))))))
    yield "overlapping.zip", _overlapping()
    yield "encrypted.zip", _encrypted()
    whole = _zip(("a.log", LOG * 40), ("b\\c.log", LOG), ("../../d.log", LOG), ("/e.log", LOG), ("C:\\f.log", LOG))
    yield "names.zip", whole
    yield "no-directory.zip", whole[: whole.find(b"PK\1\2")]
    yield "cut.zip", whole[: len(whole) // 3]
    yield "prefixed.zip", b"#!/bin/sh\n" + whole
    yield "stub.zip", b"MZ\x90\0" + bytes(range(256)) * 40 + whole
    yield "stub.run", b"#!/bin/sh\nexit\n" + small
    yield "stub-lies.run", b"#!/bin/sh\nexit\n\x1f\x8b\x08" + b"x" * 5000
    yield "stub-without-zip.exe", b"MZ" + b"PK\3\4" * 5000
    yield (
        "stubs.run",
        b"#!/bin/sh\n" + gzip.compress(b"#!/bin/sh\n" + gzip.compress(b"#!/bin/sh\n" + small, mtime=0), mtime=0),
    )
    yield "appended.zip", whole + b"x" * 100
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    yield "link.zip", _zip((link, b"/etc/passwd"), ("a.log", LOG))
    yield "aliases.yaml", _yaml_bomb()
    yield "deep.json", b"[" * 200_000 + b"]" * 200_000
    yield "deep-object.json", b'{"apiVersion":"v1","kind":"Pod","x":' * 50_000 + b"1" + b"}" * 50_000
    yield "numbers.json", b'{"apiVersion": "v1", "kind": "Pod", "metadata": {"generation": ' + b"9" * 100_000 + b"}}"
    yield "deep.yaml", b"".join(b"%sa:\n" % (b" " * i) for i in range(3000))
    yield "flow.yaml", b"kind: Pod\nx: " + b"[" * 100_000 + b"\n"
    yield "nuls.log", LOG + bytes(1 << 20) + LOG
    yield "escapes.log", b"\x1b[31m\x1b]0;title\x07\x1b[2J" * 10_000 + LOG
    yield "carriage.log", b"".join(b"%d%%\r" % i for i in range(100_000)) + b"done\n" + LOG
    yield "utf16.log", b"\xff\xfe" + LOG.decode().replace("\n", "\r\n").encode("utf-16-le")
    yield "half-utf16.log", (b"\xff\xfe" + LOG.decode().encode("utf-16-le"))[:-1]
    yield "latin1.log", 'time="2025-03-04T10:15:30Z" level=info msg="d\xe9j\xe0 vu"\n'.encode("latin-1") * 20
    yield "surrogates.json", b'{"log":"\\ud800","stream":"stderr","time":"x"}\n' * 20
    yield "quadratic.log", (b"[pod/" + b"a/" * 20_000 + b"\n") * 5
    yield "prompts.log", b"$ kubectl logs 'unclosed -n\n" * 1000
    yield "table.csv", b"timestamp,message\n" + b'1,"' + b"x" * (6 << 20)
    yield (
        "dates.log",
        b"9999999999999-99-99T99:99:99.999999999Z stderr F x\n2025-13-45T99:99:99.999999999Z stderr F y\n" * 50,
    )


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    "lz4": lambda data: bytes(lz4.frame.compress(data, content_checksum=True)),
}


def streams() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of compressed streams that are cut, wrong, joined, or lie."""
    for name, pack in _PACKERS.items():
        whole = pack(LOG * 40)
        for cut in (len(whole) // 2, len(whole) - 1, 8):
            yield f"cut-{cut}.log.{name}", whole[:cut]
        yield f"checksum.log.{name}", whole[:-6] + bytes(byte ^ 255 for byte in whole[-6:])
        yield f"junk.log.{name}", whole + b"junk that is no stream\n"
        yield f"joined.log.{name}", whole + pack(LOG) + pack(b"") + pack(LOG)
        yield f"twice.log.{name}.{name}", pack(whole)
        yield f"empty.{name}", pack(b"")
        yield f"head.{name}", whole[:6] + random.Random(3).randbytes(3000)  # noqa: S311
    data = _SMALL
    for level, name in enumerate(("gz", "zip", "xz", "tar", "zst", "bz2", "lz4", "zip")):
        inner = f"{level}.x"
        data = {"zip": lambda d, n=inner: _zip((n, d)), "tar": lambda d, n=inner: stored(n.encode(), d) + END}.get(  # type: ignore[misc]
            name, _PACKERS.get(name, bytes)
        )(data)
    yield "mixed", data
    start = b"\x1f\x8b\x08"
    yield "extra.gz", start + b"\x04" + bytes(6) + b"\xff\xff" + b"x" * 100
    yield "name.gz", start + b"\x08" + bytes(6) + b"x" * 3_000_000
    yield "reserved.gz", start + b"\xe0" + bytes(6) + LOG
    yield "window.zst", b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(100)
    yield "skipped.zst", b"\x50\x2a\x4d\x18\xff\xff\xff\xff" + LOG
    yield "skipped-then.zst", b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + _PACKERS["zst"](LOG)
    yield "size.zst", b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8 + bytes(20)
    wide = lzma.compress(LOG, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}])
    yield "dictionary.xz", wide[:16] + b"\x28" + wide[17:]


def archives() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of archives that lie about what they hold."""
    one = _zip(("a.log", LOG))
    end = one.rfind(b"PK\5\6")
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, (1 << 64) - 1, (1 << 64) - 1, (1 << 64) - 1, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 1 << 63, 1)
    yield "zip64-record.zip", one[:end] + record + locator + one[end:]
    yield "zip64-locator.zip", one[:end] + locator + one[end:]
    at = one.find(b"PK\1\2")
    yield "zip64-sizes.zip", one[: at + 20] + b"\xff" * 8 + one[at + 28 :]
    yield "zip64-offset.zip", one[: at + 42] + b"\xff" * 4 + one[at + 46 :]
    yield "count.zip", one[: end + 8] + b"\xff\xff\xff\xff" + one[end + 12 :]
    yield "comment.zip", one[: end + 20] + b"\x16\0" + one[end:]
    yield "itself.zip", _itself()
    yield "long-name.zip", _zip(("x" * 65_000, LOG), ("d/" * 30_000 + "y.log", LOG))
    yield (
        "names-odd.zip",
        _zip(*((name, LOG) for name in ("a\nb.log", "\u202ea.log", "\x1b[31m.log", "a//b/./../c", "c.log/"))),
    )
    yield "many.zip", _zip(*((f"{i}", b"") for i in range(10_000)), method=zipfile.ZIP_STORED)
    yield "stored-lies.zip", one.replace(struct.pack("<I", len(LOG)), struct.pack("<I", 1 << 31))
    yield "many-logs.tar", b"".join(stored(b"%d.log" % i, LOG) for i in range(1000)) + END
    yield "many-pax.tar", pax(path="a") * 20_000 + stored(b"b", LOG) + END
    yield "many-folders.tar", b"".join(header(b"%d/" % i, kind=b"5") for i in range(30_000)) + END
    yield "pax-names.tar", b"".join(
        pax(path=path) + stored(b"x", LOG)
        for path in (b"a\0b", b"", b"/", b"..", b"a\nb", b"\xff", "\u202e".encode(), b"x" * 100_000, b"a/" * 5000)
    ) + END  # fmt: skip
    yield "pax-charset.tar", pax(hdrcharset="BINARY", comment="x" * 100_000, size="1e3") + stored(b"a", LOG) + END
    yield (
        "pax-linkpath.tar",
        pax(linkpath=b"../" * 5000) + header(b"a", kind=b"2") + header(b"a", kind=b"1", target=b"a") + END,
    )
    yield "long-long.tar", stored(b"././@LongLink", b"x\0", b"L") * 5000 + stored(b"a", LOG) + END
    yield "unknown-kinds.tar", b"".join(stored(b"%02x" % kind, LOG, bytes([kind])) for kind in range(256)) + END
    yield "past-the-end.tar", header(b"a", 10 << 30) + LOG
    yield "octal.tar", sealed(bytearray(header(b"a")[:124] + b"99999999999\0" + header(b"a")[136:])) + LOG
    yield "zeros-between.tar", stored(b"a", LOG) + bytes(50 << 20) + stored(b"b", LOG)


def _itself() -> bytes:
    """Return a zip whose only entry is stored and reaches to the end of the file, its own directory included."""
    inner = _zip(("a.log", LOG))
    central = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, len(inner) + 500, len(inner) + 500, 1, 0, 0, 0, 0, 0, 0
    )
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, len(inner) + 500, len(inner) + 500, 1, 0) + b"a"
    body = local + inner
    return body + central + b"a" + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central) + 1, len(body), 0)


def large_files() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of bombs, and of what is large in itself."""
    yield "many.tar", b"".join(header(b"f%d" % i) for i in range(20_000)) + END
    yield "zeros.gz", _bomb(lambda data: gzip.compress(data, mtime=0), 300)
    yield (
        "zeros.tar.gz",
        gzip.compress(header(b"bomb", 200 << 20) + bytes(200 << 20) + stored(b"b.log", LOG) + END, mtime=0),
    )
    yield "zeros.bz2", _bomb(bz2.compress, 200)
    yield "zeros.xz", _bomb(lzma.compress, 200)
    yield "zeros.zip", _zip(("a", bytes(200 << 20)), ("b.log", LOG))
    yield "lines.gz", gzip.compress(b"a\n" * (60 << 20), mtime=0)
    bomb = _bomb(lambda data: gzip.compress(data, mtime=0), 20)
    yield "bombs-in-zip.zip", _zip(*((f"{i}.gz", bomb) for i in range(100)))
    yield "long-line.log", b"x" * (50 << 20) + b"\n" + LOG
    yield "spaces.log", b" " * (100 << 20) + b"\n" + LOG
    yield "short-lines.log", b"a\n" * 10_000_000
    yield "long-json.log", b'{"x":"' + b"y" * (200 << 20) + b'"}\n'
    yield "giant-message.log", b'{"level":"error","ts":1752345009.1,"msg":"' + b"a b c " * (30 << 20) + b'"}\n'
    yield "giant-messages.log", (b'{"level":"error","ts":1752345009.1,"msg":"' + b"a \\n" * 200_000 + b'"}\n') * 100
    pod = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"},"x":"' + b"y" * 4000 + b'"}'
    yield "one-line-list.json", b'{"apiVersion":"v1","kind":"List","items":[' + b",".join([pod] * 5000) + b"]}"
    yield "nuls-first.log", bytes(64 << 20) + LOG
    yield "spaces.gz", gzip.compress(b" " * (400 << 20), 1, mtime=0)


def files() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every input that is one file."""
    yield from small_files()
    yield from streams()
    yield from archives()
    yield from large_files()


def folders(base: Path) -> Iterator[Path]:
    """Make the inputs that are folders below `base`."""
    (base / "outside").mkdir()
    (base / "outside" / "secret.log").write_text(OUTSIDE + "\n")
    one = base / "folder"
    one.mkdir()
    (one / "agent.log").write_bytes(LOG)
    os.mkfifo(one / "fifo.log")
    (one / "out.log").symlink_to(base / "outside" / "secret.log")
    (one / "up").symlink_to("../outside")
    (one / "loop").symlink_to("loop")
    (one / "gone").symlink_to("nowhere")
    (one / "again.log").symlink_to("agent.log")
    (one / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as one_socket:
        here = Path.cwd()
        os.chdir(one)
        one_socket.bind("s")
        os.chdir(here)
    (one / os.fsdecode(b"\xff\x1b[31m.log")).write_bytes(LOG)
    shut = one / "shut.log"
    shut.write_bytes(LOG)
    shut.chmod(0)
    (one / "holes.log").touch()
    os.truncate(one / "holes.log", 3 << 30)
    yield one
    deep = base / "deep"
    deep.mkdir()
    here = Path.cwd()
    os.chdir(deep)
    for _ in range(300):
        Path("d").mkdir()
        os.chdir("d")
    Path("deep.log").write_bytes(LOG)
    os.chdir(here)
    yield deep
