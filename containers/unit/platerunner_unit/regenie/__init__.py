"""What is known of regenie: its command line, its log, its files, and what its inputs, PLINK's, too, must be like."""
