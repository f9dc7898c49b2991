using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>Passwords by role, read: never logged, never shown. A role without a password has null.</summary>
public sealed record ResolvedSecrets(
    ImmutableSortedDictionary<string, string?> Passwords, ImmutableArray<FileProblem> Problems)
{
    public override string ToString() => $"{Passwords.Count} roles";
}

/// <summary>The variables of the apps of one host, read: never logged, never shown.</summary>
/// <param name="Apps">By app, then by variable; an app without variables is not there.</param>
/// <param name="Problems">Empty: all could be read.</param>
public sealed record ResolvedVariables(
    ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>> Apps,
    ImmutableArray<FileProblem> Problems)
{
    public override string ToString() => $"variables of {Apps.Count} apps";
}

/// <summary>The secrets that a cluster file points to. How they are read is the edge's business.</summary>
public static class Secrets
{
    /// <param name="fileName">The cluster file's name, for the problems.</param>
    /// <param name="file">The cluster file.</param>
    /// <param name="readFile">The text of a file, null when it can't be read; one line ending is dropped.</param>
    /// <param name="readVariable">A variable of the environment, null when it is not set.</param>
    public static ResolvedSecrets Resolve(
        string fileName, ClusterFile file, Func<string, string?> readFile, Func<string, string?> readVariable)
    {
        var passwords = ImmutableSortedDictionary.CreateBuilder<string, string?>(StringComparer.Ordinal);
        var problems = ImmutableArray.CreateBuilder<FileProblem>();
        foreach (var (user, secret) in file.Postgres.Users)
        {
            var password = secret is null ? null : Read(secret, readFile, readVariable);
            if (secret is not null && string.IsNullOrEmpty(password))
                problems.Add(Missing(fileName, user, secret));
            passwords[user] = password;
        }
        return new ResolvedSecrets(passwords.ToImmutable(), problems.ToImmutable());
    }

    /// <summary>The environment of the apps that run on <paramref name="host"/>: what only another host needs may be
    /// missing here. Unlike a password, a value may be empty.</summary>
    /// <param name="fileName">The cluster file's name, for the problems.</param>
    /// <param name="file">The cluster file.</param>
    /// <param name="host">Its apps are looked at.</param>
    /// <param name="readFile">As for <see cref="Resolve"/>.</param>
    /// <param name="readVariable">As for <see cref="Resolve"/>.</param>
    public static ResolvedVariables ResolveApps(
        string fileName,
        ClusterFile file,
        NodeName host,
        Func<string, string?> readFile,
        Func<string, string?> readVariable)
    {
        var apps = ImmutableSortedDictionary.CreateBuilder<string, ImmutableSortedDictionary<string, string>>(
            StringComparer.Ordinal);
        var problems = ImmutableArray.CreateBuilder<FileProblem>();
        foreach (var app in file.Apps.Where(app => app.On.Contains(host) && !app.Environment.IsEmpty))
        {
            var variables = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            foreach (var (name, secret) in app.Environment)
            {
                var path = $"apps.{app.Name}.env.{name}";
                if (Read(secret, readFile, readVariable) is { } value)
                    variables[name] = value;
                else
                    problems.Add(new FileProblem(fileName, YamlMark.None, $"no value for '{path}': {Why(secret)}"));
            }
            apps[app.Name] = variables.ToImmutable();
        }
        return new ResolvedVariables(apps.ToImmutable(), problems.ToImmutable());
    }

    static string? Read(SecretSettings secret, Func<string, string?> readFile, Func<string, string?> readVariable) =>
        secret switch
        {
            { File: { } path } => WithoutLineEnd(readFile(path)),
            { Env: { } name } => readVariable(name),
            _ => secret.Value,
        };

    static string Why(SecretSettings secret) => secret.File is { } path
        ? $"file '{path}' can't be read"
        : $"variable '{secret.Env}' of the environment is not set";

    static FileProblem Missing(string fileName, string user, SecretSettings secret)
    {
        var why = secret switch
        {
            { File: { } path } => $"file '{path}' can't be read, or is empty",
            { Env: { } name } => $"variable '{name}' of the environment is not set",
            _ => "it is empty",
        };
        return new FileProblem(fileName, YamlMark.None, $"no password for 'postgres.users.{user}': {why}");
    }

    static string? WithoutLineEnd(string? text) => text?.EndsWith('\n') == true ? text[..^1].TrimEnd('\r') : text;
}
