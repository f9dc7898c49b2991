using System.Collections.Immutable;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>Passwords by role, read: never logged, never shown. A role without a password has null.</summary>
public sealed record ResolvedSecrets(
    ImmutableSortedDictionary<string, string?> Passwords, ImmutableArray<FileProblem> Problems)
{
    public override string ToString() => $"{Passwords.Count} roles";
}

/// <summary>The passwords that a cluster file points to. How they are read is the edge's business.</summary>
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
            var password = secret switch
            {
                null => null,
                { File: { } path } => WithoutLineEnd(readFile(path)),
                { Env: { } name } => readVariable(name),
                _ => secret.Value,
            };
            if (secret is not null && string.IsNullOrEmpty(password))
                problems.Add(Missing(fileName, user, secret));
            passwords[user] = password;
        }
        return new ResolvedSecrets(passwords.ToImmutable(), problems.ToImmutable());
    }

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
