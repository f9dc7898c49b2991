using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Holdfast.Foundation.Yaml;

/// <summary>
/// Text to values with places. A text that is no YAML gives one problem; a key given twice gives one each, and the
/// first value stays. Anchors, aliases and merge keys are understood. No I/O, no reflection; never throws on bad text.
/// </summary>
public static class YamlReader
{
    /// <summary>Limits that no honest file meets; aliases count as often as they are used.</summary>
    public const int TextCharactersMax = 1 << 20, DepthMax = 64, ItemsMax = 100_000;

    public static YamlReading Read(string fileName, string text)
    {
        if (text.Length > TextCharactersMax)
        {
            var message = $"{text.Length} characters; a file has {TextCharactersMax} at most";
            return new YamlReading(null, [new FileProblem(fileName, YamlMark.None, message)]);
        }
        using var input = new StringReader(text);
        var builder = new TreeBuilder(new Parser(input), fileName);
        try
        {
            var root = builder.Document();
            return new YamlReading(root, [.. builder.Problems]);
        }
        catch (YamlException broken)
        {
            var reason = broken.Message.TrimEnd('.').ReplaceLineEndings(" ");
            builder.Problems.Add(new FileProblem(fileName, PlaceOf(broken, text), $"not valid YAML: {reason}"));
            return new YamlReading(null, [.. builder.Problems]);
        }
    }

    internal static YamlMark Place(Mark mark) => new((int)mark.Line, (int)mark.Column);

    // The parser names the place where the broken map begins; the tab itself is what one looks for.
    static YamlMark PlaceOf(YamlException broken, string text)
    {
        var start = Place(broken.Start);
        if (!broken.Message.Contains("tab", StringComparison.Ordinal))
            return start;
        var lines = text.Split('\n');
        for (var line = Math.Max(1, start.Line); line <= lines.Length; line++)
        {
            var indent = lines[line - 1].AsSpan().IndexOfAnyExcept(' ');
            if (indent >= 0 && lines[line - 1][indent] == '\t')
                return new YamlMark(line, indent + 1);
        }
        return start;
    }

    sealed class TreeBuilder(Parser parser, string fileName)
    {
        readonly Dictionary<AnchorName, YamlItem> _anchors = [];
        int _items;

        public List<FileProblem> Problems { get; } = [];

        public YamlItem? Document()
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _))
                return null;
            parser.Consume<DocumentStart>();
            var root = Item(0);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out var second))
                Report(second.Start, "a second document begins here; expected only one");
            return root;
        }

        YamlItem Item(int depth)
        {
            if (depth > DepthMax)
                throw Refusal($"more than {DepthMax} levels");
            if (parser.TryConsume<AnchorAlias>(out var alias))
                return Alias(alias);
            var first = parser.Require<NodeEvent>();
            Count(1);
            YamlItem item = first switch
            {
                Scalar => ScalarOf(parser.Consume<Scalar>()),
                SequenceStart => List(depth),
                _ => Map(depth),
            };
            if (!first.Anchor.IsEmpty)
                _anchors[first.Anchor] = item;
            return item;
        }

        YamlItem Alias(AnchorAlias alias)
        {
            if (!_anchors.TryGetValue(alias.Value, out var item))
                throw new YamlException(alias.Start, alias.End, $"no anchor '{alias.Value}' before this alias");
            Count(SizeOf(item));
            return item;
        }

        static YamlScalar ScalarOf(Scalar scalar)
        {
            var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
            var forcedText = string.Equals(tag, "tag:yaml.org,2002:str", StringComparison.Ordinal);
            return new YamlScalar(Place(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain && !forcedText);
        }

        YamlList List(int depth)
        {
            var start = parser.Consume<SequenceStart>();
            var items = ImmutableArray.CreateBuilder<YamlItem>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                items.Add(Item(depth + 1));
            return new YamlList(Place(start.Start), items.ToImmutable());
        }

        YamlMap Map(int depth)
        {
            var start = parser.Consume<MappingStart>();
            var entries = new OrderedDictionary<string, YamlEntry>(StringComparer.Ordinal);
            var merged = new List<YamlItem>();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = Key();
                var value = Item(depth + 1);
                if (key is { Text: "<<", IsPlain: true })
                    merged.Add(value);
                else if (!entries.TryAdd(key.Text, new YamlEntry(key.Text, key.Mark, value)))
                    Duplicate(key, entries[key.Text]);
            }
            foreach (var entry in merged.SelectMany(MapsOf).SelectMany(map => map.Entries))
                entries.TryAdd(entry.Key, entry);
            return new YamlMap(Place(start.Start), [.. entries.Values]);
        }

        YamlScalar Key()
        {
            if (parser.TryConsume<Scalar>(out var key))
                return ScalarOf(key);
            throw Refusal("a key must be a single word");
        }

        void Duplicate(YamlScalar key, YamlEntry first) => Problems.Add(new FileProblem(
            fileName, key.Mark, $"duplicate key '{key.Text}'; it was given at line {first.KeyMark.Line} already"));

        static IEnumerable<YamlMap> MapsOf(YamlItem merged) => merged switch
        {
            YamlMap map => [map],
            YamlList list => list.Items.OfType<YamlMap>(),
            _ => [],
        };

        void Count(int items)
        {
            _items += items;
            if (_items > ItemsMax)
                throw Refusal($"more than {ItemsMax} values");
        }

        static int SizeOf(YamlItem item) => 1 + item switch
        {
            YamlMap map => map.Entries.Sum(entry => SizeOf(entry.Value)),
            YamlList list => list.Items.Sum(SizeOf),
            _ => 0,
        };

        YamlException Refusal(string why)
        {
            var here = parser.Current!;
            return new YamlException(here.Start, here.End, why);
        }

        void Report(Mark mark, string message) => Problems.Add(new FileProblem(fileName, Place(mark), message));
    }
}
