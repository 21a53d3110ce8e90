"""The ingestion step: from the files of a frozen batch to rows in the tables of their sources."""
