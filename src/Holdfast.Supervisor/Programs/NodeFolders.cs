using Holdfast.Cluster.Configuration;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Programs;

/// <summary>The node's folders and generated files, each with the owner that needs it. Safe to repeat.</summary>
internal static class NodeFolders
{
    const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public static void Make(ClusterFile file, NodePaths paths)
    {
        Make(paths.Data, null, Owner | Others);
        Make(paths.Logs, null, Owner | Others);
        Make(paths.Run, null, Owner | Others);
        Make(paths.RawFolder, null, Owner | Others);
        Make(paths.RecordFolder, null, Owner | Others);
        if (!file.Etcd.On.IsDefaultOrEmpty)
            Make(paths.EtcdData, file.Etcd.User, Owner);
        Make(paths.PostgresHome, file.Postgres.User, Owner);
        Make(paths.AgentState, file.Postgres.User, Owner);
        // Everybody on the host may connect; pg_hba decides who gets in.
        Make(paths.PostgresSocketFolder, file.Postgres.User, Owner | Others);
        MakeFile(paths.PostgresRaw, file.Postgres.User);
        if (file.PgProxy is { } proxy)
        {
            Make(paths.PgProxyFolder, proxy.User, Owner);
            Make(paths.PgProxyState, proxy.User, Owner);
        }
    }

    /// <summary>Those of one app. Apart from the others: a user who is missing is this app's trouble alone.</summary>
    public static void MakeApp(string app, string? user, NodePaths paths)
    {
        Make(paths.Apps, null, Owner | Others);
        Make(paths.AppFolder(app), user, Owner);
    }

    /// <summary>Those of the edge, and its copy of the cluster file.</summary>
    public static void MakeEdge(EdgeSettings edge, string fileText, NodePaths paths)
    {
        Make(paths.EdgeFolder, edge.User, Owner);
        Make(paths.EdgeState, edge.User, Owner);
        Write(paths.EdgeFile, fileText, edge.User);
    }

    /// <summary>Whole or not at all, readable for nobody but its user: it holds secrets.</summary>
    public static void Write(string path, string text, string user)
    {
        var next = path + ".next";
        File.Delete(next);
        using (var stream = new FileStream(next, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        using (var writer = new StreamWriter(stream))
        {
            writer.Write(text);
        }
        Give(next, user);
        File.Move(next, path, overwrite: true);
    }

    /// <summary>The folder is not the user's, so that the file has to be there before.</summary>
    static void MakeFile(string path, string user)
    {
        using (File.Open(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Give(path, user);
    }

    static void Make(string path, string? user, UnixFileMode mode)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, mode);
        if (user is not null)
            Give(path, user);
    }

    static void Give(string path, string user)
    {
        if (!Environment.IsPrivilegedProcess)
            return; // Everything is ours then, and so are the programs.
        var account = UserAccount.Find(user)
            ?? throw new InvalidOperationException($"there is no user {user} on this host");
        if (!account.TryOwn(path))
            throw new IOException($"{path} could not be given to {user}");
    }
}
