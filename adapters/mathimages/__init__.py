"""Formulas as pictures: matplotlib's mathtext, in a child process that is killed when it hangs."""
