"""What goes wrong in practice: faults that can be combined, each drawn from its own stream."""
