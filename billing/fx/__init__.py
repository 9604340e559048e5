"""The rate of the dollar: the Central Bank's feed, how old a rate may get, and what two operators decide."""
