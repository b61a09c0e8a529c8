// Torch's random generator, thread count and tensor statistics belong to the process, so tests run one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
