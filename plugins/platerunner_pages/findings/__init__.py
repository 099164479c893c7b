"""Works out what pages say of runs, plates and files."""
