using System.Reflection;
using Bingo.Configuration;

namespace Bingo.Commands;

/// <summary>The verbs of <c>bingo</c>, and what is said to words that are none.</summary>
static class CommandLine
{
    const string HelpText = """
        Bingo keeps the history of film sessions.

        bingo run_server [--config FILE]          serve HTTP until SIGTERM
        bingo prepare_db [--config FILE] [--scale 0.1] [--wait 60s]
                                                  make and fill the tables, once; waits for the database
        bingo print_default_config                a configuration to begin with
        bingo print_current_config [--config FILE]
                                                  the configuration in force, without its password
        bingo version
        bingo help

        The configuration is found by --config, else by BINGO_CONFIG, else it is /opt/bingo/config.yaml.
        Exit codes: 0 done; 1 failed; 2 wrong usage; 3 started as root; 4 no configuration, or a bad one;
        5 the log file cannot be written.
        """;

    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] words, TextWriter output, TextWriter errors)
    {
        var asked = InvocationReader.Read(words, Environment.GetEnvironmentVariable(InvocationReader.ConfigVariable));
        switch (asked)
        {
            case Invocation.Wrong wrong:
                await errors.WriteLineAsync($"bingo: {wrong.Problem}\nTry 'bingo help'.");
                return ExitCodes.BadUsage;
            case Invocation.Help:
                await output.WriteLineAsync(HelpText);
                return ExitCodes.Done;
            case Invocation.Version:
                await output.WriteLineAsync($"bingo {Version}");
                return ExitCodes.Done;
            case Invocation.PrintDefaultConfig:
                await output.WriteAsync(SettingsText.Default);
                return ExitCodes.Done;
            case Invocation.PrintCurrentConfig print:
                return await PrintAsync(print.ConfigFile, output, errors);
            case var work when Environment.IsPrivilegedProcess:
                var verb = work is Invocation.RunServer ? "run_server" : "prepare_db";
                await errors.WriteLineAsync(
                    "bingo refuses to run as root: start it as an ordinary user, for example with "
                    + $"'setpriv --reuid=nobody --regid=nogroup --clear-groups bingo {verb}'.");
                return ExitCodes.Root;
            case Invocation.RunServer run:
                return await LoadAsync(run.ConfigFile, errors) is not { } settings
                    ? ExitCodes.Configuration
                    : await RunServer.RunAsync(settings, run.ConfigFile, errors);
            case Invocation.PrepareDb prepare:
                return await LoadAsync(prepare.ConfigFile, errors) is not { } target
                    ? ExitCodes.Configuration
                    : await PrepareDb.RunAsync(target, prepare, output, errors);
            default:
                throw new InvalidOperationException($"no command for {asked}");
        }
    }

    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    static async Task<int> PrintAsync(string file, TextWriter output, TextWriter errors)
    {
        if (await LoadAsync(file, errors) is not { } settings)
            return ExitCodes.Configuration;
        await output.WriteAsync(SettingsText.Of(settings, file));
        return ExitCodes.Done;
    }

    static async Task<BingoSettings?> LoadAsync(string file, TextWriter errors)
    {
        string text;
        try
        {
            text = await File.ReadAllTextAsync(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var why = failure switch
            {
                FileNotFoundException or DirectoryNotFoundException => $"there is no file {file}",
                UnauthorizedAccessException => $"user {Environment.UserName} may not read {file}",
                _ => $"{file} cannot be read: {failure.Message.TrimEnd('.')}",
            };
            await errors.WriteLineAsync(
                $"bingo has no configuration: {why}. Write it ('bingo print_default_config' prints a beginning), "
                + $"or name another one by --config or {InvocationReader.ConfigVariable}.");
            return null;
        }
        var reading = SettingsReader.Read(file, text);
        foreach (var problem in reading.Problems)
            await errors.WriteLineAsync($"bingo: {problem}");
        return reading.Settings;
    }
}
