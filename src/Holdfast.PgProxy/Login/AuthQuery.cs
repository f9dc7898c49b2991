using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Login;

/// <summary>
/// Looks users of one port up on a server that serves it, over one connection that it keeps, one user after the other.
/// What it learned is good for <see cref="Life"/>. Asked from any thread, works on its loop.
/// </summary>
internal sealed class AuthQuery(Worker worker, Port port) : IUserSecrets
{
    /// <summary>How long an answer is believed: no login with a password that was changed longer ago.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(10);

    /// <summary>An answer is not asked for anew sooner than this, however often somebody fails with it.</summary>
    static readonly TimeSpan s_youth = TimeSpan.FromSeconds(1);

    const int KnownMax = 10_000, WaitingMax = 10_000;

    readonly Dictionary<string, (UserSecret? Secret, TimeSpan Since)> _known = new(StringComparer.Ordinal);
    readonly Dictionary<string, Task<UserSecret?>> _underWay = new(StringComparer.Ordinal);
    readonly Deadlines _limits = new(worker.Loop, ProxyLimits.AuthQuery);
    Task _last = Task.CompletedTask;
    AuthQuerySettings? _settings;
    ServerQuestion? _query;
    string _told = "";

    PooledProxy Plane => worker.Plane;
    TimeSpan Now => worker.Loop.Now;

    public ValueTask<UserSecret?> FindAsync(string user, CancellationToken stop)
    {
        var asked = new TaskCompletionSource<UserSecret?>(TaskCreationOptions.RunContinuationsAsynchronously);
        worker.Loop.Post(() => _ = AnswerAsync(user, asked));
        return new(asked.Task);
    }

    /// <summary>A login failed with what is known of this user: the next one asks anew.</summary>
    public void Doubt(string user) => worker.Loop.Post(() =>
    {
        if (_known.TryGetValue(user, out var known) && Now - known.Since > s_youth)
            _known.Remove(user);
    });

    async Task AnswerAsync(string user, TaskCompletionSource<UserSecret?> asked)
    {
        try
        {
            asked.SetResult(await LookAsync(user));
        }
        catch (Exception failed)
        {
            asked.SetException(failed as IOException ?? new IOException("users can't be looked up", failed));
        }
    }

    Task<UserSecret?> LookAsync(string user)
    {
        Renew(Plane.Access.AuthQuery);
        if (_known.TryGetValue(user, out var known) && Now - known.Since < Life)
            return Task.FromResult(known.Secret);
        if (_underWay.TryGetValue(user, out var same))
            return same;
        if (_underWay.Count >= WaitingMax)
            throw new IOException($"{WaitingMax} users are being looked up already");
        var looking = InTurnAsync(user, _last, Now + Plane.Settings.HoldTimeout);
        _underWay.Add(user, looking);
        _last = looking;
        return looking;
    }

    // Other words of the operator's: nothing of before counts.
    void Renew(AuthQuerySettings? settings)
    {
        if (settings == _settings)
            return;
        _settings = settings;
        _known.Clear();
        Hang();
    }

    async Task<UserSecret?> InTurnAsync(string user, Task before, TimeSpan until)
    {
        await Task.Yield();
        try
        {
            await Task.WhenAny(before);
            var secret = await AskAsync(user, until);
            if (_known.Count >= KnownMax)
                _known.Clear();
            _known[user] = (secret, Now);
            return secret;
        }
        finally
        {
            _underWay.Remove(user);
        }
    }

    // Held while there is no server, as any client is.
    async Task<UserSecret?> AskAsync(string user, TimeSpan until)
    {
        while (true)
        {
            if (await TryAsync(user) is { } answer)
                return SecretIn(answer);
            if (Now >= until)
                throw new IOException($"users can't be looked up now: {_told}");
            await Task.Delay(ProxyLimits.RetryPauseMax, CancellationToken.None);
        }
    }

    // Null: another try may do.
    async Task<ServerAnswer?> TryAsync(string user)
    {
        if (_settings is not { } settings)
            throw new IOException("users are not looked up any more");
        if (_query is { } kept && !Plane.Routes.MayServe(port, kept.Server, Now))
            Hang();
        // A connection that was kept may have been closed meanwhile: that alone is no trouble.
        for (var isKept = _query is not null; ; isKept = false)
        {
            if (_query is null && await ConnectAsync(settings) is { } why)
            {
                Tell(why);
                return null;
            }
            var query = _query!;
            var limit = _limits.Add(query.GiveUp);
            var answer = await query.AskAsync(settings.Query, user);
            _limits.Met(limit);
            if (answer.Trouble is null)
                return answer;
            if (!answer.IsBroken)
            {
                Tell(answer.Trouble);
                throw new IOException("users can't be looked up: the query failed");
            }
            Hang();
            if (isKept)
                continue;
            Tell(answer.Trouble);
            return null;
        }
    }

    // Null: it may not log in with a password.
    UserSecret? SecretIn(ServerAnswer answer)
    {
        if (answer.Row is not (null or [not null, _]))
        {
            Tell("the query does not give two columns, a name and a password");
            throw new IOException("users can't be looked up: the query failed");
        }
        _told = "";
        return UserSecret.Stored(answer.Row?[1]);
    }

    async Task<string?> ConnectAsync(AuthQuerySettings settings)
    {
        if (Plane.Pick(port) is not { } server)
            return Plane.Routes.WhyNobody(port, Now) ?? "nobody may serve";
        var access = Plane.Access;
        var own = await access.Users.FindAsync(settings.User, CancellationToken.None);
        var login = new ServerLogin(
            worker.Loop, server, new PoolKey(port, settings.Database, settings.User, ""),
            new ServerKeys(own?.Password, null, own?.Md5), access.Servers);
        var limit = worker.ServerLogins.Add(login.GiveUp);
        var (loggedIn, refused) = await login.RunAsync();
        worker.ServerLogins.Met(limit);
        if (loggedIn is null)
            return refused!.Why;
        // Its role may have changed meanwhile.
        if (!Plane.Routes.MayServe(port, server, Now))
        {
            loggedIn.Connection.Close();
            return $"{server} lost its role";
        }
        _query = new ServerQuestion(server, loggedIn.Connection);
        return null;
    }

    void Hang()
    {
        _query?.Dispose();
        _query = null;
    }

    // Once for each trouble, as there may be a try for each client.
    void Tell(string why)
    {
        if (string.Equals(_told, why, StringComparison.Ordinal))
            return;
        _told = why;
        Plane.Log.UsersNotFound(port, _settings?.User ?? "", why);
    }
}
