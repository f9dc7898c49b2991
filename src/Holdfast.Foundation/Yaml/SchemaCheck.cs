using System.Collections.Immutable;
using System.Globalization;

namespace Holdfast.Foundation.Yaml;

/// <summary>Holds a file against its table of keys: every problem, not only the first.</summary>
public static class SchemaCheck
{
    /// <summary>Problems in the order of their places.</summary>
    public static ImmutableArray<FileProblem> Problems(string fileName, YamlItem root, Schema schema)
    {
        var walk = new Walk(fileName);
        walk.Item("", root, schema);
        return [.. walk.Problems.OrderBy(problem => problem.Mark)];
    }

    sealed class Walk(string fileName)
    {
        public List<FileProblem> Problems { get; } = [];

        public void Item(string path, YamlItem item, Schema schema)
        {
            if (schema.IsAny)
                return;
            var fits = schema.Types.IsEmpty
                ? schema.Words.IsEmpty || item is YamlScalar
                : schema.Types.Any(type => Fits(item, type));
            if (!fits)
            {
                Report(item.Mark, $"{Subject(path)} must be {Expected(schema)}, not {item.Describe()}");
                return;
            }
            switch (item)
            {
                case YamlMap map: Map(path, map, schema); break;
                case YamlList list: List(path, list, schema); break;
                case YamlScalar scalar: Scalar(path, scalar, schema); break;
            }
        }

        void Map(string path, YamlMap map, Schema schema)
        {
            foreach (var entry in map.Entries)
                Entry(path, entry, schema);
            var meant = Meant(map, schema);
            foreach (var key in schema.Required.Where(key => map.Entry(key) is null && !meant.Contains(key)))
                Report(map.Mark, $"missing key '{key}'{In(path)}");
            Size(path, map, map.Entries.Length, schema.KeysMin);
            if (map.Entries.Length > schema.KeysMax)
                Report(map.Mark, $"{Subject(path)} has {map.Entries.Length} keys; expected only {schema.KeysMax}");
            var given = schema.ExactlyOne.Count(key => map.Entry(key) is not null || meant.Contains(key));
            if (!schema.ExactlyOne.IsEmpty && given != 1)
            {
                var (choice, has) = (string.Join(", ", schema.ExactlyOne), given == 0 ? "none" : "more");
                Report(map.Mark, $"{Subject(path)} must have exactly one of {choice}; it has {has}");
            }
        }

        // A misspelt key is one problem, not also a missing one.
        static HashSet<string> Meant(YamlMap map, Schema schema) => schema.Additional is not null ? [] : map.Entries
            .Where(entry => schema.Property(entry.Key) is null)
            .Select(entry => Nearest.Word(entry.Key, Keys(schema)))
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);

        void Entry(string path, YamlEntry entry, Schema schema)
        {
            var child = path.Length == 0 ? entry.Key : $"{path}.{entry.Key}";
            if (schema.Property(entry.Key) is { } property)
            {
                if (property.IsNever)
                    Report(entry.KeyMark, $"'{child}' is not supported by this version", FileProblemKind.Unsupported);
                else
                    Item(child, entry.Value, property);
            }
            else if (schema.Additional is null)
            {
                var expected = $"{OneOf(Keys(schema))}{Nearest.Hint(entry.Key, Keys(schema))}";
                Report(entry.KeyMark, $"unknown key '{entry.Key}'{In(path)}{expected}", FileProblemKind.UnknownKey);
            }
            else
            {
                if (schema.KeyNames is { } names)
                    Name(path, entry, names);
                Item(child, entry.Value, schema.Additional);
            }
        }

        void Name(string path, YamlEntry entry, Schema names)
        {
            if (names.Pattern?.IsMatch(entry.Key) == false)
                Report(entry.KeyMark, $"'{entry.Key}'{In(path)} must be {names.Expected}");
        }

        void List(string path, YamlList list, Schema schema)
        {
            Size(path, list, list.Items.Length, schema.ItemsMin);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var item in list.Items)
            {
                if (schema.Items is not null)
                    Item(path, item, schema.Items);
                if (schema.UniqueItems && item is YamlScalar scalar && !seen.Add(scalar.Text))
                    Report(item.Mark, $"{Subject(path)} names '{scalar.Text}' twice");
            }
        }

        void Size(string path, YamlItem item, int count, int least)
        {
            var expected = least == 1 ? "at least one entry" : $"at least {least} entries";
            if (count < least)
                Report(item.Mark, $"{Subject(path)} {(count == 0 ? "is empty" : $"has {count}")}; expected {expected}");
        }

        void Scalar(string path, YamlScalar scalar, Schema schema)
        {
            var text = scalar.Text;
            if (!schema.Words.IsEmpty && !schema.Words.Contains(text, StringComparer.Ordinal))
            {
                var expected = $"{OneOf(schema.Words)}{Nearest.Hint(text, schema.Words)}";
                Report(scalar.Mark, $"{Subject(path)} can't be '{text}'{expected}");
            }
            if (scalar.Kind is ScalarKind.Integer or ScalarKind.Number)
                Range(path, scalar, schema);
            if (schema.Unit is { } unit && scalar.Kind == ScalarKind.Text && unit.Problem(text) is { } problem)
                Report(scalar.Mark, $"{Subject(path)} {problem}");
            if (scalar.Kind == ScalarKind.Text && schema.Pattern?.IsMatch(text) == false)
                Report(scalar.Mark, $"{Subject(path)} must be {Expected(schema)}, not '{text}'");
        }

        void Range(string path, YamlScalar scalar, Schema schema)
        {
            var value = double.Parse(scalar.Text, CultureInfo.InvariantCulture);
            if ((schema.Minimum is { } low && value < low) || (schema.Maximum is { } high && value > high))
                Report(scalar.Mark, $"{Subject(path)} must be {Limits(schema)}, not {scalar.Text}");
        }

        void Report(YamlMark mark, string message, FileProblemKind kind = FileProblemKind.Wrong) =>
            Problems.Add(new FileProblem(fileName, mark, message) { Kind = kind });
    }

    static bool Fits(YamlItem item, string type) => item switch
    {
        YamlMap => type is "object",
        YamlList => type is "array",
        YamlScalar scalar => scalar.Kind switch
        {
            ScalarKind.Null => type is "null",
            ScalarKind.Boolean => type is "boolean",
            ScalarKind.Integer => type is "integer" or "number",
            ScalarKind.Number => type is "number",
            _ => type is "string",
        },
        _ => false,
    };

    static string Expected(Schema schema) => schema switch
    {
        { Expected: { } words } => words,
        { Unit: { } unit } => $"a {unit.Name} such as {unit.Example}",
        { Words.IsEmpty: false } => $"one of {string.Join(", ", schema.Words)}",
        _ => string.Join(" or ", schema.Types.Select(TypeWords).Distinct(StringComparer.Ordinal)),
    };

    static string TypeWords(string type) => type switch
    {
        "object" => "a map",
        "array" => "a list",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "null" => "nothing",
        _ => "text",
    };

    static string Limits(Schema schema) => (schema.Minimum, schema.Maximum) switch
    {
        ({ } low, { } high) => $"between {low} and {high}",
        ({ } low, null) => $"at least {low}",
        _ => $"at most {schema.Maximum}",
    };

    static string Subject(string path) => path.Length == 0 ? "the file" : $"'{path}'";
    static string In(string path) => path.Length == 0 ? "" : $" in '{path}'";
    static string OneOf(IEnumerable<string> words) => $"; expected one of {string.Join(", ", words)}";

    static IEnumerable<string> Keys(Schema schema) => schema.Properties
        .Where(property => !property.Value.IsNever)
        .Select(property => property.Key)
        .Order(StringComparer.Ordinal);
}
