"""The local cluster: one warm driver JVM and the notebook processes that attach to it."""
