"""How attempts are made: in threads, in worker processes, by the shell."""
