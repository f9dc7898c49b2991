using System.Text;
using Holdfast.PgProxy.Login;

namespace Holdfast.PgProxy.Pooling;

/// <summary>What makes a server's settings a client's.</summary>
/// <param name="To">Which those are.</param>
/// <param name="Message">The whole of it.</param>
/// <param name="MayBeRefused">Some of the values may be none that PostgreSQL takes.</param>
internal sealed record SettingsChange(ParameterSet To, byte[] Message, bool MayBeRefused);

/// <summary>
/// The settings that PostgreSQL reports when they change, and that a client keeps when its statements run on another
/// server (PostgreSQL manual, Asynchronous Operations). Immutable.
/// </summary>
internal sealed class ParameterSet : IEquatable<ParameterSet>
{
    static readonly string[] s_names =
    [
        "client_encoding", "DateStyle", "TimeZone", "IntervalStyle", "standard_conforming_strings", "application_name",
    ];

    // PostgreSQL takes any text for it, and makes of it what it can (guc.c, check_application_name).
    static readonly int s_application = SlotOf("application_name");

    public static readonly ParameterSet Empty = new(new string?[s_names.Length]);

    readonly string?[] _values;
    readonly int _hash;

    // The last one asked for: mostly the next one, too. Nobody sees whether it is known.
    SettingsChange? _change;

    ParameterSet(string?[] values)
    {
        var hash = new HashCode();
        foreach (var value in values)
            hash.Add(value, StringComparer.Ordinal);
        (_values, _hash) = (values, hash.ToHashCode());
    }

    /// <returns>-1: it is not kept.</returns>
    public static int SlotOf(ReadOnlySpan<char> name)
    {
        for (var slot = 0; slot < s_names.Length; slot++)
        {
            if (name.Equals(s_names[slot], StringComparison.OrdinalIgnoreCase))
                return slot;
        }
        return -1;
    }

    /// <summary>Slots are 0 to this less one.</summary>
    public static int Count => s_names.Length;

    public static string NameOf(int slot) => s_names[slot];

    public string Application => _values[s_application] ?? "";

    public string? this[int slot] => _values[slot];

    public ParameterSet With(int slot, string value)
    {
        if (string.Equals(_values[slot], value, StringComparison.Ordinal))
            return this;
        var values = (string?[])_values.Clone();
        values[slot] = value;
        return new ParameterSet(values);
    }

    /// <summary>What must be told to a server that has these for it to have <paramref name="wanted"/>; null:
    /// nothing.</summary>
    public SettingsChange? Difference(ParameterSet wanted)
    {
        if (ReferenceEquals(this, wanted))
            return null;
        if (_change is { } last && ReferenceEquals(last.To, wanted))
            return last;
        StringBuilder? sql = null;
        var mayBeRefused = false;
        for (var slot = 0; slot < s_names.Length; slot++)
        {
            if (wanted._values[slot] is not { } value || string.Equals(value, _values[slot], StringComparison.Ordinal))
                continue;
            (sql ??= new()).Append($"SET {s_names[slot]} = {Literal(value)};");
            mayBeRefused |= slot != s_application;
        }
        return sql is null ? null : _change = new SettingsChange(wanted, Messages.Query(sql.ToString()), mayBeRefused);
    }

    static string Literal(string value)
    {
        var quoted = $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
        return value.Contains('\\', StringComparison.Ordinal)
            ? $"E{quoted.Replace("\\", @"\\", StringComparison.Ordinal)}"
            : quoted;
    }

    public bool Equals(ParameterSet? other) => ReferenceEquals(this, other)
        || (other is not null && _values.AsSpan().SequenceEqual(other._values));

    public override bool Equals(object? obj) => Equals(obj as ParameterSet);

    public override int GetHashCode() => _hash;
}
