using System.CommandLine;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Commands;

static class LogsCommand
{
    static readonly TimeSpan FollowPause = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        var host = new Argument<string?>("HOST") { Arity = ArgumentArity.ZeroOrOne };
        var program = new Argument<string?>("PROGRAM") { Arity = ArgumentArity.ZeroOrOne };
        var name = Options.Name();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on as lines are added, until Ctrl+C" };
        var command = new Command("logs", "What the programs of the hosts printed") { host, program, name, follow };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var state = Labs.Get(parsed.GetValue(name));
            var hosts = parsed.GetValue(host) is { } given ? [state.Host(given)] : state.Hosts.ToArray();
            await ShowAsync(state, hosts, parsed.GetValue(program), parsed.GetValue(follow), interrupts.Graceful);
            return 0;
        });
        return command;
    }

    static async Task ShowAsync(
        LabState state, IReadOnlyList<LabHost> hosts, string? program, bool follow, CancellationToken stop)
    {
        var read = new Dictionary<string, long>(StringComparer.Ordinal);
        var found = hosts.SelectMany(host => Files(state, host)).ToList();
        if (program is not null && !found.Any(file => Is(file, program)))
            throw new LabException(
                Wrong.Word("log", program, found.Select(file => file.Program).Distinct(StringComparer.Ordinal)));
        do
        {
            foreach (var file in hosts.SelectMany(host => Files(state, host))
                .Where(file => program is null || Is(file, program)))
                read[file.Path] = Print(
                    file, read.GetValueOrDefault(file.Path), prefix: hosts.Count > 1 || program is null);
            if (follow)
                await Task.Delay(FollowPause, TimeProvider.System, stop).ContinueWith(
                    static _ => { }, TaskScheduler.Default);
        }
        while (follow && !stop.IsCancellationRequested && Labs.Find(state.Lab) is not null);
    }

    static bool Is(LogFile file, string program) => string.Equals(file.Program, program, StringComparison.Ordinal);

    static IEnumerable<LogFile> Files(LabState state, LabHost host)
    {
        var folders = new LabFolders(state.Lab);
        if (File.Exists(folders.ConsoleOf(host.Name)))
            yield return new LogFile(host.Name, "console", folders.ConsoleOf(host.Name));
        if (!Directory.Exists(folders.LogsOf(host.Name)))
            yield break;
        foreach (var path in Directory.EnumerateFiles(folders.LogsOf(host.Name), "*.jsonl")
            .Order(StringComparer.Ordinal))
            yield return new LogFile(host.Name, Path.GetFileNameWithoutExtension(path), path);
    }

    /// <summary>The whole lines from <paramref name="offset"/> on; returns where to go on.</summary>
    static long Print(LogFile file, long offset, bool prefix)
    {
        using var stream = new FileStream(
            file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length < offset)
            offset = 0; // It was rotated.
        stream.Position = offset;
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        var whole = text[..(text.LastIndexOf('\n') + 1)];
        foreach (var line in whole.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Console.WriteLine(prefix ? $"{file.Host} {file.Program} {line}" : line);
        return offset + System.Text.Encoding.UTF8.GetByteCount(whole);
    }

    readonly record struct LogFile(string Host, string Program, string Path);
}
