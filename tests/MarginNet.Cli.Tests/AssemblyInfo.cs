// Torch's random generator and thread count belong to the process, so tests run one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
