using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Holdfast.Foundation;

/// <summary>Invariants that stay on in production: a broken one ends the process, and the supervisor restarts
/// it.</summary>
public static class Check
{
    /// <summary>Ends the process when <paramref name="condition"/> is false: going on could harm data.</summary>
    public static void That(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition)
            Environment.FailFast($"broken invariant: {expression}", new UnreachableException(expression));
    }
}
