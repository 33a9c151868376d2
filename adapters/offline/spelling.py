def corrected(w): return w
