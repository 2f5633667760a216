"""SpecEyes, reproduced: the library behind the workflow's rules.

The packages follow the paper: ``benchmarks`` are read into ``samples``; ``engines`` call models;
``draft``, ``screening`` and ``agents`` produce answers once per sample; ``confidence`` and ``gate``
decide which answer a setting keeps (``replay``), ``funnel`` does the same live; ``judging`` scores
distinct answers; ``metrics`` and ``figures`` turn records into the paper's tables and pictures.
"""
