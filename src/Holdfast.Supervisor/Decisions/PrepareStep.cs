using System.Collections.Immutable;
using System.Text.Json;
using Holdfast.Store;

namespace Holdfast.Supervisor.Decisions;

/// <summary>What comes next for an app that has to be prepared once per cluster.</summary>
public abstract record PrepareStep(string Why)
{
    /// <summary>It may start.</summary>
    public sealed record Done(string Why) : PrepareStep(Why);

    /// <summary>Somebody else is at it.</summary>
    public sealed record Wait(string Why) : PrepareStep(Why);

    /// <summary>Take the lock, then run the command.</summary>
    /// <param name="FormerRevision">mod_revision of what the store says of an earlier preparation; 0: nothing.</param>
    /// <param name="Why">For people.</param>
    public sealed record Run(long FormerRevision, string Why) : PrepareStep(Why);

    /// <summary>
    /// The words of the command as a JSON array: the value of the key that says it was run. Another command is another
    /// preparation, so whoever changes it in the file has it run again, once, before the next start of an instance;
    /// those that run go on. It has to be repeatable in any case.
    /// </summary>
    public static string NameOf(ImmutableArray<string> command)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (var word in command)
                json.WriteStringValue(word);
            json.WriteEndArray();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <param name="command">By <see cref="NameOf"/>.</param>
    /// <param name="done">The key that names the command that was run; null: none was.</param>
    /// <param name="held">The lock; null: nobody holds it.</param>
    public static PrepareStep Decide(string command, KeyValue? done, KeyValue? held)
    {
        if (string.Equals(done?.Value, command, StringComparison.Ordinal))
            return new Done("the cluster is prepared");
        if (held is not null)
            return new Wait($"{held.Value} prepares it");
        return done is null
            ? new Run(0, "nobody has prepared it")
            : new Run(done.ModRevision, "another command has prepared it");
    }
}
