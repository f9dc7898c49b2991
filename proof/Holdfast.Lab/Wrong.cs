using Holdfast.Foundation.Yaml;

namespace Holdfast.Lab;

/// <summary>What to say of a wrong word.</summary>
static class Wrong
{
    public static string Word(string kind, string wrong, IEnumerable<string> right)
    {
        var words = right.ToList();
        return $"no {kind} '{wrong}'{Nearest.Hint(wrong, words)} (there are: {string.Join(", ", words)})";
    }
}
