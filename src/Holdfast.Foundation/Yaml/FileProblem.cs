namespace Holdfast.Foundation.Yaml;

/// <summary>A place in a text; both counted from 1. <see cref="None"/> where a problem has no place.</summary>
public readonly record struct YamlMark(int Line, int Column) : IComparable<YamlMark>
{
    public static readonly YamlMark None;

    public int CompareTo(YamlMark other) => (Line, Column).CompareTo((other.Line, other.Column));
    public static bool operator <(YamlMark left, YamlMark right) => left.CompareTo(right) < 0;
    public static bool operator >(YamlMark left, YamlMark right) => left.CompareTo(right) > 0;
    public static bool operator <=(YamlMark left, YamlMark right) => left.CompareTo(right) <= 0;
    public static bool operator >=(YamlMark left, YamlMark right) => left.CompareTo(right) >= 0;
}

public enum FileProblemKind
{
    /// <summary>A value that can't be used.</summary>
    Wrong,

    /// <summary>A key that the table of keys does not have; its value is ignored where that is allowed.</summary>
    UnknownKey,

    /// <summary>A key that this version knows and does not use yet.</summary>
    Unsupported,
}

/// <summary>One thing that is wrong with a file, in the operator's words.</summary>
public sealed record FileProblem(string File, YamlMark Mark, string Message)
{
    public FileProblemKind Kind { get; init; }
    public int Line => Mark.Line;
    public int Column => Mark.Column;

    /// <summary><c>holdfast.yml:12:5: message</c>, or <c>holdfast.yml: message</c> where there is no place.</summary>
    public override string ToString() =>
        Mark == YamlMark.None ? $"{File}: {Message}" : $"{File}:{Line}:{Column}: {Message}";
}
