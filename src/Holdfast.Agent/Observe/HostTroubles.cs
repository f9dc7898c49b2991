using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Observe;

/// <summary>What is wrong with this host, beside its PostgreSQL.</summary>
internal readonly record struct HostTroubles(DiskView Disk, bool WatchdogFailed);
