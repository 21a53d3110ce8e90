"""Where the paths of a workspace lie on this machine, and how processes are shown them."""
