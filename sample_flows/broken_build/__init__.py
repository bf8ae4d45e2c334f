"""A small build: the sources of `wordclock`, its checks, and the steps that build it."""
