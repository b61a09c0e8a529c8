// Torch's random generator belongs to the process, so tests run one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
