using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Doubles.Postgres;
using Shouldly;

namespace Holdfast.FunctionalTests.Bingo;

/// <summary>What a finished run said.</summary>
public sealed record BingoRun(int Code, string Output, string Errors);

/// <summary>The published <c>bingo</c>, run as an ordinary user from a folder of its own. Disposing kills it and
/// removes the folder.</summary>
public sealed class BingoProgram : IAsyncDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    readonly ConcurrentQueue<string> _errors = new();
    Process? _server;

    public BingoProgram()
    {
        Folder = Directory.CreateTempSubdirectory("bingo-").FullName;
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_111_111);
    }

    public string Folder { get; }
    public string LogFile => Path.Combine(Folder, "bingo.log");
    public string ConfigFile => Path.Combine(Folder, "config.yaml");

    /// <summary>Valid while it serves.</summary>
    public HttpClient Http { get; private set; } = null!;

    /// <summary>What it has said to standard error.</summary>
    public string Errors => string.Join('\n', _errors);

    public int ProcessId => _server!.Id;
    public bool HasEnded => _server!.HasExited;

    static string Program { get; } = Find();

    public static string Config(int port, int? replica = null, string database = "postgres") => $"""
        listen: {"{"} host: 127.0.0.1, port: 0 {"}"}
        postgres:
          primary: 127.0.0.1:{port}
          {(replica is null ? "" : $"replica: 127.0.0.1:{replica}")}
          database: {database}
          user: postgres
          password: {PgProxy.RealPostgres.Password}
        """;

    /// <summary>Writes the configuration; the log is in the folder.</summary>
    public Task ConfigureAsync(string config, string log = "", string more = "") =>
        WriteConfigAsync($"{config}\nlog: {(log.Length == 0 ? LogFile : log)}\ninstance: tested\n{more}\n");

    public Task WriteConfigAsync(string text) => File.WriteAllTextAsync(ConfigFile, text);

    /// <summary>Until its end.</summary>
    public async Task<BingoRun> RunAsync(string[] words, bool asRoot = false)
    {
        using var process = Start(words, asRoot);
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new BingoRun(process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    public Task<BingoRun> PrepareAsync(params string[] options) =>
        RunAsync(["prepare_db", "--config", ConfigFile, .. options]);

    /// <summary>Until it listens.</summary>
    public async Task ServeAsync()
    {
        _server = Start(["run_server", "--config", ConfigFile], asRoot: false);
        _server.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null)
                _errors.Enqueue(line.Data);
        };
        _server.BeginErrorReadLine();
        _server.BeginOutputReadLine();
        const string listens = "listens on ";
        await Eventually.IsAsync(
            "bingo listens", () => HasEnded || Errors.Contains(listens, StringComparison.Ordinal));
        HasEnded.ShouldBeFalse(Errors);
        var address = _errors.First(line => line.Contains(listens, StringComparison.Ordinal));
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(address[(address.IndexOf(listens, StringComparison.Ordinal) + listens.Length)..]),
            Timeout = s_limit,
        };
    }

    public void Signal(PosixSignal signal) =>
        Process.Start("kill", [signal is PosixSignal.SIGTERM ? "-TERM" : "-INT", $"{ProcessId}"]).WaitForExit();

    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(s_limit);
        await _server!.WaitForExitAsync(limit.Token);
        return _server.ExitCode;
    }

    public Task<HttpResponseMessage> GetAsync(string path) => Http.GetAsync(path);

    public Task<HttpResponseMessage> DeleteAsync(string path) => Http.DeleteAsync(path);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => Http.SendAsync(request);

    /// <summary>The code that <paramref name="path"/> answers.</summary>
    public async Task<int> StatusAsync(string path)
    {
        using var answer = await Http.GetAsync(path);
        return (int)answer.StatusCode;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body, string type = "application/json") =>
        Http.PostAsync(path, new StringContent(body, Encoding.UTF8, type));

    public async Task<JsonObject> JsonAsync(string path) => (await Http.GetFromJsonAsync<JsonObject>(path))!;

    public async Task<JsonArray> ListAsync(string path) => (await Http.GetFromJsonAsync<JsonArray>(path))!;

    public static Task<string> TextAsync(HttpResponseMessage answer) => answer.Content.ReadAsStringAsync();

    /// <summary>Lines of the log file so far.</summary>
    public JsonObject[] Log() =>
        [.. File.ReadAllLines(LogFile).Select(line => JsonNode.Parse(line)!.AsObject())];

    public ValueTask DisposeAsync()
    {
        if (_server is { HasExited: false })
        {
            _server.Kill();
            _server.WaitForExit();
        }
        _server?.Dispose();
        Http?.Dispose();
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    static string Find()
    {
        var root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "Holdfast.slnx")))
            root = Path.GetDirectoryName(root);
        var program = Path.Combine(root ?? "/", "artifacts/publish/bingo/bingo");
        File.Exists(program).ShouldBeTrue($"{program} is published by ./test and ./up");
        return program;
    }

    Process Start(string[] words, bool asRoot)
    {
        var start = new ProcessStartInfo(Program, words)
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Environment.IsPrivilegedProcess && !asRoot)
            start.UserName = "nobody";
        start.Environment.Remove("BINGO_CONFIG");
        return Process.Start(start)!;
    }
}
