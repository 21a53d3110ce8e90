"""From files to typed, judged and counted rows."""
