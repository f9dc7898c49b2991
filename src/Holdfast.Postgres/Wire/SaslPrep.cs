using System.Globalization;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>
/// SASLprep (RFC 4013) as PostgreSQL does it (pg_saslprep): a password that may not be prepared is used as it is.
/// </summary>
static class SaslPrep
{
    public static string Of(string password)
    {
        if (Ascii.IsValid(password))
            return password;
        var mapped = new StringBuilder(password.Length);
        foreach (var rune in password.EnumerateRunes().Where(rune => !IsMappedToNothing(rune)))
            mapped.Append(Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator ? " " : rune.ToString());
        try
        {
            var normal = mapped.ToString().Normalize(NormalizationForm.FormKC);
            return normal.Length > 0 && !normal.EnumerateRunes().Any(IsProhibited) ? normal : password;
        }
        catch (ArgumentException)
        {
            return password; // A lone surrogate.
        }
    }

    // RFC 3454, table B.1.
    static bool IsMappedToNothing(Rune rune) => rune.Value is 0x00AD or 0x034F or 0x1806 or (>= 0x180B and <= 0x180D)
        or (>= 0x200B and <= 0x200D) or 0x2060 or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF;

    // RFC 4013, section 2.3: controls, private use, non-characters, unassigned.
    static bool IsProhibited(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format
        || rune.Value is (>= 0xFFF9 and <= 0xFFFD) or (>= 0x2FF0 and <= 0x2FFB);
}
