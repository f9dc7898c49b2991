using Holdfast.Foundation.Processes;

namespace Holdfast.Lab.Machine;

/// <summary>Processes by descent, zombies left out.</summary>
static class ProcessTree
{
    /// <summary><paramref name="roots"/> that live, and everything below them; a branch that begins with one of
    /// <paramref name="except"/> is left out.</summary>
    public static List<ProcessIdentity> Below(IEnumerable<int> roots, IReadOnlySet<int> except)
    {
        var living = ProcessStat.All().Where(stat => stat.State is not ('Z' or 'X')).ToList();
        var children = living.ToLookup(stat => stat.Parent);
        var known = living.ToDictionary(stat => stat.Pid);
        var found = new Dictionary<int, ProcessIdentity>();
        var queue = new Queue<int>(roots);
        while (queue.TryDequeue(out var pid))
        {
            if (except.Contains(pid) || !known.TryGetValue(pid, out var stat)
                || !found.TryAdd(pid, new ProcessIdentity(pid, stat.StartTicks)))
            {
                continue;
            }
            foreach (var child in children[pid])
                queue.Enqueue(child.Pid);
        }
        return [.. found.Values];
    }
}
