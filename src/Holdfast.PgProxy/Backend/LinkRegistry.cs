using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Backend;

/// <summary>Every connection to a server that is open now. Safe from any thread.</summary>
internal sealed class LinkRegistry
{
    readonly Lock _gate = new();
    readonly HashSet<BackendLink> _links = [];

    public void Add(BackendLink link)
    {
        lock (_gate)
            _links.Add(link);
    }

    public void Remove(BackendLink link)
    {
        lock (_gate)
            _links.Remove(link);
    }

    /// <summary>The servers that are connected now, each once.</summary>
    public Server[] Servers()
    {
        lock (_gate)
            return [.. _links.Select(link => link.Server).Distinct()];
    }

    /// <summary>The links whose server there is a reason to cut. Asked once for each server.</summary>
    public List<(BackendLink Link, string Why)> Where(Func<Server, string?> whyCut)
    {
        var found = new List<(BackendLink, string)>();
        var answers = new Dictionary<Server, string?>();
        lock (_gate)
        {
            foreach (var link in _links)
            {
                if (!answers.TryGetValue(link.Server, out var why))
                    answers[link.Server] = why = whyCut(link.Server);
                if (why is not null)
                    found.Add((link, why));
            }
        }
        return found;
    }
}
