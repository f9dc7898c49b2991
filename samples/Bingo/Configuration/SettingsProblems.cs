using System.Collections.Immutable;
using YamlDotNet.Core;

namespace Bingo.Configuration;

/// <summary>What is wrong with one file, in the operator's words.</summary>
sealed class SettingsProblems(string file)
{
    readonly List<string> _all = [];

    public ImmutableArray<string> All => [.. _all];

    /// <param name="place">Both counted from 1; a mark of nowhere becomes the beginning.</param>
    /// <param name="message">What is wrong there.</param>
    public void Add(Mark place, string message) =>
        _all.Add($"{file}:{Math.Max(1, place.Line)}:{Math.Max(1, place.Column)}: {message}");
}
