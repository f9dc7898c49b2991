using System.Runtime.CompilerServices;
using System.Text;

namespace Holdfast.Sim.World;

/// <summary>A line of the trace, put together only when somebody reads it.</summary>
[InterpolatedStringHandler]
internal readonly ref struct TraceText
{
    readonly StringBuilder? _text;

    public TraceText(int literalLength, int formattedCount, SimWorld world, out bool isEnabled)
    {
        isEnabled = world.Trace is not null;
        _text = isEnabled ? new StringBuilder(literalLength + formattedCount * 8) : null;
    }

    public void AppendLiteral(string text) => _text!.Append(text);

    public void AppendFormatted<T>(T value) => _text!.Append(value);

    public void AppendFormatted<T>(T value, string format)
        where T : IFormattable => _text!.Append(value.ToString(format, null));

    public override string ToString() => _text?.ToString() ?? "";
}
