"""Where steps are computed: threads of this process, or the workers of a Dask or Ray cluster."""
