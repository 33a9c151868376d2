"""What untrusted code might try. Each calls `escaped()` when it gets through.

`$NAME` stands for a target that `driver.py` puts there. An attack also counts as successful when
the world outside has changed afterwards, whatever it printed.
"""

from __future__ import annotations

# Found in every attack's namespace, in the jail and without it.
PREAMBLE = """
import ctypes, errno, fcntl, glob, os, platform, resource, signal, socket, sys
try: os.chdir(START)
except NameError: START = os.getcwd()
libc = ctypes.CDLL(None, use_errno=True)
ARM = platform.machine() in ("aarch64", "arm64")
def call(x86, arm, *arguments):
    return libc.syscall(ctypes.c_long(arm if ARM else x86), *(
        ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
def escaped():
    print("ESC" + "APED")  # whole only when it runs: tracebacks quote the source
def show(path):
    if "SECRET" in open(path, "rb").read().decode("latin-1"):
        escaped()
"""

READING = {
    # First: others leave descriptors of their own open.
    "inherited descriptors": """
for fd in range(4, 200):
    try: os.fstat(fd)
    except OSError: continue
    escaped()
""",
    "the project's .env": "show($ENV)",
    "a file by a relative path": "show('../' * 40 + $ENV.lstrip('/'))",
    "a file from another working folder": """
os.chdir('/')
show($ENV.lstrip('/'))
""",
    "a file beneath a folder's descriptor": """
folder = os.open('/', os.O_PATH)
fd = os.open($ENV.lstrip('/'), os.O_RDONLY, dir_fd=folder)
if b'SECRET' in os.read(fd, 100): escaped()
""",
    "a file through the C library": """
fd = libc.open($ENV.encode(), 0)
if fd >= 0: escaped()
""",
    "a file by mapping it": """
import mmap
fd = os.open($ENV, os.O_RDONLY)
if b'SECRET' in mmap.mmap(fd, 0, prot=mmap.PROT_READ)[:]: escaped()
""",
    "/etc/passwd": """
if 'root:' in open('/etc/passwd').read(): escaped()
""",
    "the bot's own source": """
if 'seccomp' in open($CHECKOUT).read(): escaped()
""",
    "a listing of the project": """
if '.env' in os.listdir(os.path.dirname($ENV)): escaped()
""",
    "the environment": """
if 'SECRET' in repr(dict(os.environ)): escaped()
libc.getenv.restype = ctypes.c_char_p
if libc.getenv(b'BOBBIN_TEST_SECRET'): escaped()
""",
    "the environment by /proc/self": "show('/proc/self/environ')",
    "the environment of another process": "show('/proc/$VICTIM/environ')",
    "the environment of the parent": "show(f'/proc/{os.getppid()}/environ')",
    "the memory map of another process": """
if open('/proc/$VICTIM/maps').read(): escaped()
""",
    "the whole tree by /proc/<pid>/root": "show('/proc/$VICTIM/root' + $ENV)",
    "the program of another process": """
if os.readlink('/proc/$VICTIM/exe'): escaped()
""",
    "kernel settings": """
if open('/proc/sys/kernel/hostname').read(): escaped()
""",
    "another session's copies on the host": """
for path in glob.glob($STATE + '/**', recursive=True):
    if os.path.isfile(path): show(path)
""",
    "memory of another process": """
vector = (ctypes.c_ulong * 2)(4096, 8)
call(310, 270, $VICTIM, vector, 1, vector, 1, 0)
# "bad address" means that only the address was wrong.
if ctypes.get_errno() in (0, errno.EFAULT): escaped()
""",
}

REACHING = {
    "TCP": """
with socket.create_connection(('127.0.0.1', $TCP), 2) as s: print(s.recv(20).decode())
""",
    "UDP": """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'hello', ('127.0.0.1', $UDP)); escaped()
""",
    "listening": """
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); escaped()
""",
    "a unix socket (the store's)": """
s = socket.socket(socket.AF_UNIX); s.connect($UNIX); print(s.recv(20).decode())
""",
    "an abstract unix socket": """
s = socket.socket(socket.AF_UNIX); s.connect('\\0' + $ABSTRACT); print(s.recv(20).decode())
""",
    "a datagram socket by name": """
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b'x', $DATAGRAM); escaped()
""",
    "a datagram socket by one end of a pair": """
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.sendto(b'x', $DATAGRAM)
escaped()
""",
    "a netlink socket": """
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); escaped()
""",
}

PROCESSES = {
    "fork": """
pid = os.fork()
if pid == 0: os._exit(0)
os.waitpid(pid, 0); escaped()
""",
    "a raw clone": """
pid = call(56, 220, 17, 0, 0, 0, 0)
if pid == 0: os._exit(0)
if pid > 0: os.waitpid(pid, 0); escaped()
""",
    "a raw clone3": """
request = (ctypes.c_ulonglong * 8)(0, 0, 0, 0, 17, 0, 0, 0)
pid = call(435, 435, request, 64)
if pid == 0: os._exit(0)
if pid > 0: os.waitpid(pid, 0); escaped()
""",
    "subprocess": """
import subprocess
subprocess.run(['/bin/sh', '-c', 'echo x > ' + $OUTSIDE + '/made'], check=True); escaped()
""",
    "os.system": "os.system('echo x > ' + $OUTSIDE + '/made')",
    "posix_spawn": """
pid = os.posix_spawn('/bin/true', ['true'], {}); os.waitpid(pid, 0); escaped()
""",
    "exec": """
import builtins
sys.stdout.flush()
os.execv('/bin/sh', ['sh', '-c', 'echo x > ' + $OUTSIDE + '/made'])
""",
    "exec of what was written into memory": """
fd = os.memfd_create('x'); escaped()
""",
    "a signal to another process": "os.kill($VICTIM, signal.SIGKILL); escaped()",
    "a signal to the parent": "os.kill(os.getppid(), 0); escaped()",
    "a signal to everybody": "os.kill(-1, 0); escaped()",
    "a signal to its own group": "os.kill(0, 0); escaped()",
    "a signal by tgkill": """
if call(234, 131, $VICTIM, $VICTIM, 9) == 0: escaped()
""",
    "a signal by pidfd": """
fd = call(434, 434, $VICTIM, 0)
if fd >= 0 and call(424, 424, fd, 9, 0, 0) == 0: escaped()
""",
    "a signal by the owner of a descriptor": """
r, w = os.pipe()
fcntl.fcntl(r, 8, $VICTIM)                       # F_SETOWN
fcntl.fcntl(r, 10, int(signal.SIGKILL))          # F_SETSIG
fcntl.fcntl(r, fcntl.F_SETFL, fcntl.fcntl(r, fcntl.F_GETFL) | os.O_ASYNC)
os.write(w, b'x')
import time
for _ in range(200):
    if ') Z' in open('/proc/$VICTIM/stat').read():
        escaped()
        break
    time.sleep(0.01)
""",
    "ptrace": """
if libc.ptrace(0x4206, $VICTIM, 0, 0) == 0: escaped()
""",
    "another process's limits": """
resource.prlimit($VICTIM, resource.RLIMIT_CORE, (0, 0)); escaped()
""",
    "another process's priority": "os.setpriority(os.PRIO_PROCESS, $VICTIM, 19); escaped()",
    "another process's processors": "os.sched_setaffinity($VICTIM, {0}); escaped()",
    "its own limits": """
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, hard))
size = 2 << 30
import mmap
if hard in (-1, resource.RLIM_INFINITY) and mmap.mmap(-1, size): escaped()
""",
    "outliving the host": """
if libc.prctl(1, 0, 0, 0, 0) == 0: escaped()
""",
    "a new user namespace": """
if libc.unshare(0x10000000) == 0: escaped()
""",
    "the kernel's key ring": """
if call(250, 219, 0, -3, 1) >= 0: escaped()
""",
    "io_uring": """
space = ctypes.create_string_buffer(120)
if call(425, 425, 4, space) >= 0: escaped()
""",
    "userfaultfd": """
if call(323, 282, 1) >= 0: escaped()
""",
    "inotify on the host's files": """
fd = libc.inotify_init()
if fd >= 0 and libc.inotify_add_watch(fd, os.path.dirname($ENV).encode(), 2) >= 0: escaped()
""",
}

CHANGING = {
    "writing into a library": """
with open($LIBRARY, 'a') as f: f.write('POISON = 1\\n')
""",
    "a new file among the libraries": """
open(os.path.join(os.path.dirname($LIBRARY), 'numpy.py'), 'w').write('poison')
""",
    "truncating a library by name": "os.truncate($LIBRARY, 0)",
    "truncating a library while reading it": """
os.open($LIBRARY, os.O_RDONLY | os.O_TRUNC)
""",
    "removing a library": "os.unlink($LIBRARY)",
    "replacing a library": """
open('mine.py', 'w').write('poison'); os.rename(os.path.abspath('mine.py'), $LIBRARY)
""",
    "linking a library to hold on to it": "os.link($LIBRARY, 'held.py'); escaped()",
    "modes of a library": "os.chmod($LIBRARY, 0o777)",
    "modes of a library by descriptor": "os.fchmod(os.open($LIBRARY, os.O_RDONLY), 0o777)",
    "times of a library": "os.utime($LIBRARY, (1, 1))",
    "overwriting the .env": "open($ENV, 'w').write('poison')",
    "truncating the .env": "os.truncate($ENV, 0)",
    "modes of the .env": "os.chmod($ENV, 0o666)",
    "owner of the .env": "os.chown($ENV, os.getuid(), os.getgid()); escaped()",
    "times of the .env": "os.utime($ENV, (1, 1))",
    "attributes of the .env": "os.setxattr($ENV, 'user.x', b'1'); escaped()",
    "removing the .env": "os.unlink($ENV)",
    "moving the .env": "os.rename($ENV, $ENV + '.old')",
    "a new file outside": "open($OUTSIDE + '/made', 'w').write('x')",
    "a new folder outside": "os.mkdir($OUTSIDE + '/made')",
    "a fifo": "os.mkfifo('made-fifo'); escaped()",
    "a link that leads out": "os.symlink($ENV, 'out.txt'); escaped()",
    "a file with the setuid bit": """
fd = os.open('suid', os.O_CREAT | os.O_WRONLY, 0o4755)
if os.stat('suid').st_mode & 0o4000: escaped()
""",
    "a file without a name": """
os.open('.', os.O_TMPFILE | os.O_RDWR, 0o600); escaped()
""",
    "another root": """
if libc.unshare(0x10020000) == 0 and libc.chroot(b'/') == 0: escaped()
""",
    "a mount": """
if libc.unshare(0x10020000) == 0: escaped()
""",
}

ATTACKS = {
    f"{kind}: {name}": code
    for kind, attacks in (
        ("reading", READING),
        ("reaching", REACHING),
        ("processes", PROCESSES),
        ("changing", CHANGING),
    )
    for name, code in attacks.items()
}
