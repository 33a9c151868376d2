"""Runs untrusted Python in a jail of the Linux kernel's own making.

Two sides, and a line between them:

    host    interpreter, sessions, files, nursery, probe      the process that holds the secrets
    inside  zygote, runner, cell, jail, namespaces,           a clean process and its forks
            landlock, seccomp, syscalls, linux, scratch
    both    protocol, limits

What is inside, and what is on both sides, imports the standard library only: the zygote starts
without site-packages. `docs/decisions/0005-sandbox.md` says why it is built this way.
"""
