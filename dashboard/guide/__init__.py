"""The documentation at /docs: Markdown out of docs/site, in the reader's language, searchable.

shelf.py reads the files, codes.py adds a page for each error code, figures.py knows what is filled in,
markup.py makes HTML of it, search.py finds words, views.py answers.
"""
