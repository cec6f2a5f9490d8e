"""Where the directory is kept: in memory, or in SQL; and what answers from memory while requests are judged."""
