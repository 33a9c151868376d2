"""Questions about Python's standard library, with what answers them.

None was changed in the light of a ranking, and none is to be. Those that name things were added
after the figures of the others were known.
"""

from __future__ import annotations

from typing import Final

IN_OTHER_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("How can I duplicate a whole directory with everything inside it?", "shutil.copytree"),
    ("delete a folder even though it still has content", "shutil.rmtree"),
    ("find out how much room is left on a drive", "shutil.disk_usage"),
    ("where on the search path is a given program installed", "shutil.which"),
    ("put several files into one compressed bundle", "shutil.make_archive"),
    ("remember results so that the same arguments are not computed twice", "functools.lru_cache"),
    ("fix some arguments of a function in advance", "functools.partial"),
    ("choose an implementation by the type of the first argument", "functools.singledispatch"),
    ("all ways to arrange the items of a list", "itertools.permutations"),
    ("walk over two sequences in lockstep until the longer one ends", "itertools.zip_longest"),
    ("repeat the elements of a sequence over and over for ever", "itertools.cycle"),
    (
        "add an element to a sorted list so that it stays sorted",
        "bisect.insort bisect.insort_right",
    ),
    ("the few biggest elements of a collection", "heapq.nlargest"),
    ("a token for resetting a password that nobody can guess", "secrets.token_urlsafe"),
    ("compare two digests without giving away timing", "hmac.compare_digest"),
    ("derive a key from a password slowly, in many rounds", "hashlib.pbkdf2_hmac"),
    ("put the cards of a deck into a random order", "random.shuffle random.Random"),
    ("pick five distinct members at random", "random.sample random.Random"),
    ("the middle value of a set of numbers", "statistics.median"),
    ("how far the data are spread around their average", "statistics.stdev statistics.pstdev"),
    ("the value that occurs most often", "statistics.mode"),
    ("largest integer that divides both numbers", "math.gcd"),
    ("are two floating point numbers nearly the same", "math.isclose"),
    ("in how many ways can k things be chosen out of n", "math.comb"),
    ("add up many floats without losing precision", "math.fsum"),
    ("break long prose into lines of a given width", "textwrap.wrap textwrap.fill"),
    ("take away the indentation that all lines share", "textwrap.dedent"),
    ("show where two texts differ, line by line", "difflib.unified_diff difflib.ndiff"),
    ("suggest the right spelling of a mistyped word", "difflib.get_close_matches"),
    ("make angle brackets and ampersands safe for a web page", "html.escape"),
    ("split a web address into its components", "urllib.parse.urlparse urllib.parse.urlsplit"),
    ("replace spaces and special characters in a web address", "urllib.parse.quote"),
    ("make the part behind the question mark out of a dictionary", "urllib.parse.urlencode"),
    ("download a web page", "urllib.request.urlopen"),
    ("start another program and collect what it prints", "subprocess.run subprocess.check_output"),
    ("keep the shell from interpreting special characters of a word", "shlex.quote"),
    ("take a command line apart as a Unix shell would", "shlex.split"),
    ("read the options that a user typed behind the command", "argparse.ArgumentParser"),
    ("a scratch folder that goes away by itself", "tempfile.TemporaryDirectory"),
    ("write the rows of a table into a text file", "csv.writer"),
    ("load settings from an ini file", "configparser.ConfigParser"),
    ("turn objects into the notation of JavaScript", "json.dumps json.dump"),
    ("save objects in binary form to restore them later", "pickle.dump pickle.dumps"),
    ("an independent duplicate of a nested structure", "copy.deepcopy"),
    ("show nested data in a layout that people can read", "pprint.pprint pprint.pformat"),
    ("pause a coroutine for some seconds", "asyncio.sleep"),
    ("run several coroutines at the same time and get all results", "asyncio.gather"),
    ("call a blocking function from asynchronous code", "asyncio.to_thread"),
    ("give up on a coroutine that takes too long", "asyncio.wait_for asyncio.timeout"),
    ("a lock that its holder may take once more", "threading.RLock"),
    ("a fixed number of threads that work off jobs", "concurrent.futures.ThreadPoolExecutor"),
    ("on which weekday does a month begin and how long is it", "calendar.monthrange"),
    ("has this year a 29th of February", "calendar.isleap"),
    ("measure how long a small piece of code takes", "timeit.timeit"),
    ("files in all subfolders whose names match a wildcard", "glob.glob glob.iglob"),
    ("does a file name fit a shell pattern", "fnmatch.fnmatch"),
    ("create a folder and whatever is missing above it", "os.makedirs"),
    ("make printable letters out of bytes, four for every three", "base64.b64encode"),
    ("a checksum that detects errors of transmission", "zlib.crc32 binascii.crc32"),
    ("take numbers out of a binary record", "struct.unpack"),
    ("a random universally unique identifier", "uuid.uuid4"),
    ("carry on as if nothing had happened when an error of one kind occurs", "contextlib.suppress"),
    ("use a generator function in a with statement", "contextlib.contextmanager"),
    ("send what is printed somewhere else for a while", "contextlib.redirect_stdout"),
    ("have the constructor and equality of a class written for me", "dataclasses.dataclass"),
    ("the same record with some fields changed", "dataclasses.replace"),
    ("count how often each element occurs", "collections.Counter"),
    ("a list that is fast at both ends", "collections.deque"),
    ("a dictionary that makes up missing values", "collections.defaultdict"),
    ("which parameters does a function take", "inspect.signature"),
    ("the program text of a function", "inspect.getsource"),
    ("write out the call stack of the error being dealt with", "traceback.print_exc"),
    ("do something when the program ends", "atexit.register"),
    ("which operating system is this", "platform.system"),
    ("deliver a message to a mail server", "smtplib.SMTP"),
    ("evaluate text that has nothing but constants in it, safely", "ast.literal_eval"),
    ("guess what kind of document a file is from its name", "mimetypes.guess_type"),
    ("get one given line out of a source file", "linecache.getline"),
    ("calculate with exact ratios of integers", "fractions.Fraction"),
    ("be told when an object is thrown away", "weakref.finalize"),
    ("show a web page to the user", "webbrowser.open"),
    ("read a password without showing it on the screen", "getpass.getpass"),
    ("get at the compressed members of an archive one by one", "zipfile.ZipFile"),
    ("is the letter of that name a capital in Unicode", "unicodedata.category"),
    ("the path that leads from one folder to another", "posixpath.relpath"),
    ("the longest beginning that several names share", "posixpath.commonprefix"),
    ("import a module whose name is only known while running", "importlib.import_module"),
)
"""A question, and the functions or classes that answer it. It avoids the documentation's words."""

NAMING_THINGS: Final[tuple[tuple[str, str], ...]] = (
    ("what does ignore_dangling_symlinks change", "shutil.copytree"),
    ("onerror callback while a tree is removed", "shutil.rmtree"),
    ("lru_cache maxsize None", "functools.lru_cache"),
    ("meaning of the fillvalue argument", "itertools.zip_longest"),
    ("nlargest with a key function", "heapq.nlargest"),
    ("rel_tol and abs_tol", "math.isclose"),
    ("what is the cutoff of get_close_matches", "difflib.get_close_matches"),
    ("fromfiledate and tofiledate", "difflib.unified_diff"),
    ("doseq when a value is a sequence", "urllib.parse.urlencode"),
    ("are the quotation marks translated when quote is true", "html.escape"),
    ("check=True raises CalledProcessError", "subprocess.run"),
    ("shlex posix mode", "shlex.split"),
    ("ArgumentParser fromfile_prefix_chars", "argparse.ArgumentParser"),
    ("allow_nan in JSON", "json.dumps json.dump"),
    ("what does buffer_callback do in pickle protocol 5", "pickle.dumps pickle.dump"),
    ("underscore_numbers and sort_dicts", "pprint.pprint pprint.pformat"),
    ("gather with return_exceptions", "asyncio.gather"),
    ("recursive glob with ** and root_dir", "glob.glob glob.iglob"),
    ("makedirs exist_ok", "os.makedirs"),
    ("altchars of base64", "base64.b64encode"),
    ("crc32 starting value", "zlib.crc32 binascii.crc32"),
    ("dataclass with frozen, slots and kw_only", "dataclasses.dataclass"),
    ("Counter elements and most common", "collections.Counter"),
    ("default_factory called without arguments", "collections.defaultdict"),
    ("follow_wrapped in inspect.signature", "inspect.signature"),
    ("local_hostname of an SMTP instance", "smtplib.SMTP"),
    ("literal_eval of bytes, sets and None", "ast.literal_eval"),
    ("guess_type strict", "mimetypes.guess_type"),
    ("how is namespace used by rfc4122 uuid5", "uuid.uuid5"),
    ("import_module with the package argument for relative imports", "importlib.import_module"),
    ("gzip compresslevel and mtime", "gzip.compress gzip.GzipFile"),
    ("strip_components or numeric_owner when a tarfile is extracted", "tarfile.TarFile"),
    ("RobotFileParser crawl delay", "urllib.robotparser.RobotFileParser"),
    ("Decimal quantize", "decimal.Decimal"),
    ("IPv4Network strict host bits", "ipaddress.IPv4Network ipaddress.ip_network"),
    ("sqlite3 detect_types isolation_level", "sqlite3.connect"),
    ("ssl create_default_context cafile", "ssl.create_default_context"),
    ("rollover of a log file when maxBytes is reached", "logging.handlers.RotatingFileHandler"),
    ("TopologicalSorter static_order", "graphlib.TopologicalSorter"),
    ("ElementTree iterparse events", "xml.etree.ElementTree.iterparse"),
)
"""The same for questions that use the names of parameters, classes and things."""

QUESTIONS: Final = (*IN_OTHER_WORDS, *NAMING_THINGS)

FURTHER_MODULES: Final = (
    "abc array ast bdb bz2 cmd code codecs codeop colorsys compileall contextvars copyreg ctypes "
    "curses.textpad datetime dbm decimal dis doctest email.header email.message email.utils enum "
    "filecmp fileinput ftplib gc graphlib gzip http.client http.cookies http.server imaplib io "
    "ipaddress keyword locale logging logging.handlers lzma mailbox mmap modulefinder "
    "multiprocessing.pool netrc numbers operator optparse pathlib pdb pkgutil plistlib poplib "
    "profile pstats py_compile pyclbr queue quopri re reprlib rlcompleter runpy sched selectors "
    "shelve signal site socket socketserver sqlite3 ssl stat string stringprep symtable sysconfig "
    "tabnanny tarfile telnetlib time token tokenize trace tracemalloc tty types typing unittest "
    "urllib.error urllib.robotparser venv wave wsgiref.util xml.dom.minidom xml.etree.ElementTree "
    "xml.sax.saxutils xmlrpc.client zipapp zipimport zoneinfo"
)
"""Modules that answer none of them."""
