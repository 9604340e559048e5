"""Bank transfers to our cards and account: what customers claim, what arrives, and how the two meet."""
