using Holdfast.PgProxy.Pooling;

namespace Holdfast.PgProxy.Doubt;

/// <summary>How a server went, as far as it proves anything.</summary>
internal enum LossKind
{
    /// <summary>It said nothing that proves anything: what it was asked may have been carried out.</summary>
    Silent,

    /// <summary>It ended the session by FATAL 57P01 before its answer was whole: nothing was carried out.</summary>
    Ended,
}

/// <summary>Whether units whose server was lost, and of whose answers the client has seen nothing, are sent to another
/// one: pure.</summary>
internal static class RepeatRules
{
    /// <summary>A statement that takes its servers down is not to take all of them.</summary>
    public const int AfterSilenceMax = 1, AfterEndMax = 5;

    /// <param name="due">What was owed when the server went, all of it.</param>
    /// <param name="loss">How it went.</param>
    /// <param name="isReadOnly">The server itself lets nobody write: a standby.</param>
    /// <param name="repeatsReads">The operator says that what begins as a read writes nothing.</param>
    /// <param name="repeats">How often the units were repeated so far.</param>
    public static bool May(DueAnswers due, LossKind loss, bool isReadOnly, bool repeatsReads, int repeats)
    {
        if (repeats >= (loss == LossKind.Ended ? AfterEndMax : AfterSilenceMax))
            return false;
        for (var i = 0; i < due.Count; i++)
        {
            if (due[i].Runs && !May(due[i], loss, isReadOnly, repeatsReads))
                return false;
        }
        return true;
    }

    static bool May(in Due due, LossKind loss, bool isReadOnly, bool repeatsReads)
    {
        // Nothing was begun that counts, or it was begun anew.
        if (due.OnlyBegins)
            return true;
        const TextTraits never = TextTraits.Once | TextTraits.SessionState;
        return due.Kind != DueKind.FunctionCall && (due.Traits & never) == TextTraits.None
            && (loss == LossKind.Ended || isReadOnly
                || (repeatsReads && (due.Traits & TextTraits.Reads) != TextTraits.None));
    }
}
