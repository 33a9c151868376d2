"""Runs untrusted Python in a jail of the Linux kernel's own making.

Two sides, and a line between them:

    host    interpreter, pool, sessions, files, nursery,      the process that holds the secrets
            probe
    inside  zygote, birth, jail, namespaces, landlock,        a clean process and its forks
            seccomp, syscalls, linux, scratch, checks,
            runner, cell, source, transcript
    both    protocol, limits, jail.Mode

What is inside, and what is on both sides, imports the standard library only: the zygote starts
without site-packages. `docs/decisions/0005-sandbox.md` says why it is built this way.
"""
