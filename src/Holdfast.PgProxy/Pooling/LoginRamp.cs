using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// How many logins go to one server at once, over all pools and loops: after a failover the new primary fills up, and
/// is not stormed. Pools beyond stand in line. Safe from any thread.
/// </summary>
internal sealed class LoginRamp
{
    readonly Lock _gate = new();
    readonly Dictionary<(string Host, int Port), Entrance> _entrances = [];
    int _highest;

    sealed class Entrance
    {
        public readonly LinkedList<Pool> Line = new();
        public int UnderWay;
    }

    /// <summary>The most that ever were under way to one server at once.</summary>
    public int Highest => Volatile.Read(ref _highest);

    /// <summary>False: there are enough; <paramref name="pool"/> is nudged when it has its turn.</summary>
    public bool TryEnter(Server server, Pool pool)
    {
        lock (_gate)
        {
            if (!_entrances.TryGetValue((server.Host, server.Port), out var entrance))
                _entrances.Add((server.Host, server.Port), entrance = new Entrance());
            if (entrance.UnderWay >= ProxyLimits.ServerLoginsAtOnceMax)
            {
                if (!entrance.Line.Contains(pool))
                    entrance.Line.AddLast(pool);
                return false;
            }
            entrance.UnderWay++;
            _highest = Math.Max(_highest, entrance.UnderWay);
            return true;
        }
    }

    /// <summary>A login is over, whatever came of it.</summary>
    public void Leave(Server server)
    {
        Pool? next = null;
        lock (_gate)
        {
            var entrance = _entrances[(server.Host, server.Port)];
            entrance.UnderWay--;
            if (entrance.Line.First is { } first)
            {
                next = first.Value;
                entrance.Line.RemoveFirst();
            }
            else if (entrance.UnderWay == 0)
            {
                _entrances.Remove((server.Host, server.Port));
            }
        }
        next?.Worker.Loop.Post(next.Nudge);
    }
}
