"""Parts of screens. They render what they are given and send messages up; they know no screen."""
