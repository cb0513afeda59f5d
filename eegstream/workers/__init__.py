"""Do many independent tasks: here, in processes of this machine, or on a Dask cluster; and show how far they are."""
