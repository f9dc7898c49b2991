using System.Collections.Immutable;

namespace Holdfast.Foundation.Yaml;

/// <summary>What a text held: <paramref name="Root"/> is null when it is empty or no YAML at all.</summary>
public sealed record YamlReading(YamlItem? Root, ImmutableArray<FileProblem> Problems);
