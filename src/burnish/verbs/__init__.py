"""What a user can ask for, one file a verb: a frozen dataclass of options and one function on runs.

Every verb module holds ``<Verb>``, its options (``Fit`` in ``fit.py``), and ``command(options) -> Outcome``, which the
command line and recipes call. No verb imports torch before it runs.
"""
