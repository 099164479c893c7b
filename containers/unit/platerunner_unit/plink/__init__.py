"""What is known of PLINK 1.9 and 2: its command line, its log, and what its inputs must be like."""
