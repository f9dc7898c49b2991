using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// Reads in a statement what a pool must know before it runs. It is no parser: what a function does inside is not
/// seen, and a word in a literal counts like any other.
/// </summary>
internal static class QueryText
{
    /// <summary>Longer texts are not looked at, and pin their session.</summary>
    public const int BytesMax = 1024 * 1024;

    /// <summary>What must be supposed of such a text.</summary>
    public const TextTraits Unread = TextTraits.SessionState | TextTraits.MayCommit | TextTraits.Once;

    const string Blanks = " \t\r\n\f\v";

    const int OnStack = 1024, DeallocateBytesMax = 200;

    static readonly SearchValues<string> s_telling = SearchValues.Create(
        ["advisory_lock", "temp", "set_config", "hold"], StringComparison.OrdinalIgnoreCase);

    static readonly SearchValues<string> s_into = SearchValues.Create(["INTO"], StringComparison.OrdinalIgnoreCase);
    static readonly SearchValues<char> s_wordEnd = SearchValues.Create(" \t\r\n\f\v(;=/-");
    static readonly SearchValues<char> s_literal = SearchValues.Create("'\"$");

    /// <param name="text">Without the final zero, in any encoding that has ASCII as its part.</param>
    [SkipLocalsInit] // It is called for each statement, and what it does not write it does not read.
    public static TextTraits Read(ReadOnlySpan<byte> text)
    {
        if (text.Length > BytesMax)
            return Unread;
        var rented = text.Length > OnStack ? ArrayPool<char>.Shared.Rent(text.Length) : null;
        var chars = rented is null ? stackalloc char[OnStack] : rented;
        var count = Encoding.Latin1.GetChars(text, chars);
        var traits = Read(chars[..count]);
        if (rented is not null)
            ArrayPool<char>.Shared.Return(rented);
        return traits;
    }

    /// <summary>The name in DEALLOCATE, folded as PostgreSQL does; null: the text is something else.</summary>
    public static byte[]? Deallocated(ReadOnlySpan<byte> text)
    {
        if (text.Length > DeallocateBytesMax)
            return null;
        // Byte by byte: a name may be in any encoding.
        ReadOnlySpan<char> rest = Encoding.Latin1.GetString(text).AsSpan().TrimEnd("; \t\r\n");
        if (!Is(Word(ref rest), "DEALLOCATE"))
            return null;
        var name = rest.Trim(Blanks);
        if (name.StartsWith("PREPARE ", StringComparison.OrdinalIgnoreCase))
            name = name["PREPARE ".Length..].Trim(Blanks);
        if (name is ['"', .. var quoted, '"'])
            return Encoding.Latin1.GetBytes(quoted.ToString().Replace("\"\"", "\"", StringComparison.Ordinal));
        return name.IsEmpty || name.ContainsAny(s_wordEnd) || Is(name, "ALL")
            ? null
            : Folded(name);
    }

    static byte[] Folded(ReadOnlySpan<char> name)
    {
        var bytes = new byte[name.Length];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(char.IsAsciiLetterUpper(name[i]) ? name[i] | 0x20 : name[i]);
        return bytes;
    }

    static TextTraits Read(ReadOnlySpan<char> text)
    {
        var rest = AfterComments(text);
        var first = Word(ref rest);
        var traits = TextTraits.None;
        if (MakesState(text, Is(first, "DECLARE")))
            traits |= TextTraits.SessionState;
        var isOne = !HasAnother(rest);
        traits |= isOne ? OfCommand(first, rest) : TextTraits.MayCommit | TextTraits.Once;
        return (Is(first, "SET") || !isOne) && SetsAreKept(text) ? traits | TextTraits.KeptSet : traits;
    }

    // Of the only statement, by its first word.
    static TextTraits OfCommand(ReadOnlySpan<char> first, ReadOnlySpan<char> rest)
    {
        switch (first.IsEmpty ? default : first[0] | 0x20)
        {
            case 'a' when Is(first, "ABORT"):
            case 'r' when Is(first, "ROLLBACK") || Is(first, "RELEASE"):
            case 's' when Is(first, "SAVEPOINT"):
            case 'c' when Is(first, "COPY"):
                return TextTraits.Once;
            case 'b' when Is(first, "BEGIN"):
            case 's' when Is(first, "START"):
                return TextTraits.Once | TextTraits.Begins;
            case 'c' when Is(first, "COMMIT"):
            case 'e' when Is(first, "END"):
                return TextTraits.Once | TextTraits.MayCommit | (IsPlain(rest) ? TextTraits.Commits : default);
            case 'p' when Is(first, "PREPARE"):
            case 'c' when Is(first, "CALL"):
            case 'd' when Is(first, "DO"):
                return TextTraits.Once | TextTraits.MayCommit;
            case 'd' when Is(first, "DISCARD") && Is(Word(ref rest), "ALL"):
                return TextTraits.Forgets | TextTraits.Renews;
            case 'd' when Is(first, "DEALLOCATE") && Is(Word(ref rest), "ALL"):
                return TextTraits.Forgets;
            case 's' when Is(first, "SELECT") || Is(first, "SHOW"):
            case 't' when Is(first, "TABLE"):
            case 'v' when Is(first, "VALUES"):
                return rest.ContainsAny(s_into) ? default : TextTraits.Reads;
            default:
                return default;
        }
    }

    // COMMIT [WORK | TRANSACTION] [AND NO CHAIN]; not COMMIT PREPARED.
    static bool IsPlain(ReadOnlySpan<char> rest)
    {
        var word = Word(ref rest);
        if (Is(word, "WORK") || Is(word, "TRANSACTION"))
            word = Word(ref rest);
        if (Is(word, "AND"))
            return Is(Word(ref rest), "NO") && Is(Word(ref rest), "CHAIN");
        return word.IsEmpty && (rest.IsEmpty || rest[0] == ';');
    }

    // Without a literal, statements end where they seem to; with one, only the only one is sure.
    static bool SetsAreKept(ReadOnlySpan<char> text)
    {
        if (text.ContainsAny(s_literal) && HasAnother(text))
            return false;
        var areKept = false;
        foreach (var range in text.Split(';'))
        {
            var rest = AfterComments(text[range]);
            if (!Is(Word(ref rest), "SET"))
                continue;
            if (!IsKept(rest))
                return false;
            areKept = true;
        }
        return areKept;
    }

    // Only the first of several could be known, and the others not: then it is none that is kept.
    static bool HasAnother(ReadOnlySpan<char> text) =>
        text.IndexOf(';') is >= 0 and var end && !text[(end + 1)..].Trim().IsEmpty;

    static bool IsKept(ReadOnlySpan<char> rest)
    {
        var name = Word(ref rest);
        if (Is(name, "LOCAL") || Is(name, "TRANSACTION") || Is(name, "CONSTRAINTS"))
            return true;
        if (Is(name, "SESSION"))
            name = Word(ref rest);
        // Back to what the login gave.
        if (Is(name, "AUTHORIZATION"))
            return Is(Word(ref rest), "DEFAULT");
        if (Is(name, "ROLE"))
            return Is(Word(ref rest), "NONE");
        // SET TIME ZONE and SET NAMES are TimeZone and client_encoding.
        return Is(name, "NAMES") || (Is(name, "TIME") && Is(Word(ref rest), "ZONE")) || ParameterSet.SlotOf(name) >= 0;
    }

    static bool MakesState(ReadOnlySpan<char> text, bool isDeclare)
    {
        for (var from = 0; text[from..].IndexOfAny(s_telling) is >= 0 and var found; from += found + 1)
        {
            var before = text[..(from + found)];
            var at = text[(from + found)..];
            var makes = (at[0] | 0x20) switch
            {
                'a' => true, // pg_advisory_xact_lock and its like have another word before "lock".
                's' => !HasLocal(at),
                't' => IsTemporary(before, at),
                _ => isDeclare && Is(LastWord(before), "WITH"),
            };
            if (makes)
                return true;
        }
        return false;
    }

    // set_config(name, value, true) is SET LOCAL.
    static bool HasLocal(ReadOnlySpan<char> call)
    {
        var end = call.IndexOf(')');
        return end > 0 && call[..end].TrimEnd().EndsWith("true", StringComparison.OrdinalIgnoreCase);
    }

    static bool IsTemporary(ReadOnlySpan<char> before, ReadOnlySpan<char> at)
    {
        var word = Word(ref at);
        if (!Is(word, "TEMP") && !Is(word, "TEMPORARY"))
            return false;
        var last = LastWord(before);
        return Is(last, "CREATE") || Is(last, "INTO") || Is(last, "GLOBAL") || Is(last, "LOCAL") || Is(last, "REPLACE");
    }

    static ReadOnlySpan<char> AfterComments(ReadOnlySpan<char> text)
    {
        while (true)
        {
            text = text.TrimStart();
            var length = text.StartsWith("--", StringComparison.Ordinal) ? text.IndexOf('\n') + 1
                : text.StartsWith("/*", StringComparison.Ordinal) ? text.IndexOf("*/", StringComparison.Ordinal) + 2
                : 0;
            if (length < 2)
                return text;
            text = text[length..];
        }
    }

    /// <summary>Takes the next word off the front.</summary>
    public static ReadOnlySpan<char> Word(ref ReadOnlySpan<char> text)
    {
        text = text.TrimStart();
        var end = text.IndexOfAny(s_wordEnd);
        var word = end < 0 ? text : text[..end];
        text = text[word.Length..];
        return word;
    }

    static ReadOnlySpan<char> LastWord(ReadOnlySpan<char> text)
    {
        text = text.TrimEnd();
        return text[(text.LastIndexOfAny(s_wordEnd) + 1)..];
    }

    public static bool Is(ReadOnlySpan<char> word, string other) =>
        word.Equals(other, StringComparison.OrdinalIgnoreCase);
}
