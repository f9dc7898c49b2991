using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Observe;

/// <summary>What this node has promised to others, and keeps through any crash: the term that it refuses, and the
/// primary
/// that it lets go on without the store. The two exclude each other. Safe from any thread.</summary>
/// <param name="notes">Where they are kept.</param>
/// <param name="bootId">A time since boot means nothing after another boot.</param>
/// <param name="clock">CLOCK_BOOTTIME.</param>
internal sealed class Promises(INotes notes, string bootId, TimeProvider clock)
{
    const string Note = "promises.json";

    readonly Lock _gate = new();
    PromisesNote _note = Load(notes, bootId, clock.GetElapsedTime(0));

    public Term Refused
    {
        get
        {
            lock (_gate)
                return new Term(_note.Refused);
        }
    }

    /// <summary>How long the last promise to a primary still binds; null: it doesn't.</summary>
    public TimeSpan? Bound
    {
        get
        {
            lock (_gate)
                return Left() is { } left && left > TimeSpan.Zero ? left : null;
        }
    }

    /// <summary>On disk when this returns true. False: bound by a promise to a primary.</summary>
    /// <exception cref="IOException">It is not kept.</exception>
    public bool TryRefuse(Term term)
    {
        lock (_gate)
        {
            if (Left() > TimeSpan.Zero)
                return false;
            if (term.Value > _note.Refused)
                Write(_note with { Refused = term.Value });
            return true;
        }
    }

    /// <summary>Promises to the primary of <paramref name="term"/> neither to take its lock nor to refuse it, for
    /// <paramref name="ttl"/> from now at least. False: the term is refused, or an older one than was promised
    /// to.</summary>
    /// <exception cref="IOException">It is not kept.</exception>
    public bool TryConfirm(Term term, TimeSpan ttl)
    {
        lock (_gate)
        {
            if (term.Value <= _note.Refused || term.Value < _note.Confirmed)
                return false;
            // For twice as long as asked, so that the disk is written once in a ttl rather than at each question.
            if (term.Value != _note.Confirmed || !(Left() >= ttl))
            {
                var length = 2 * ttl;
                Write(_note with
                {
                    Confirmed = term.Value,
                    BootId = bootId,
                    UntilTicks = (clock.GetElapsedTime(0) + length).Ticks,
                    LengthTicks = length.Ticks,
                });
            }
            return true;
        }
    }

    TimeSpan? Left() => _note.Confirmed == 0 ? null : TimeSpan.FromTicks(_note.UntilTicks) - clock.GetElapsedTime(0);

    void Write(PromisesNote note)
    {
        notes.Write(Note, JsonSerializer.SerializeToUtf8Bytes(note, PromisesJson.Default.PromisesNote));
        _note = note;
    }

    // After another boot nobody knows how much has passed: the whole length counts again.
    static PromisesNote Load(INotes notes, string bootId, TimeSpan now)
    {
        try
        {
            var note = notes.Read(Note) is { } bytes
                ? JsonSerializer.Deserialize(bytes, PromisesJson.Default.PromisesNote)
                    ?? throw new JsonException("null")
                : new PromisesNote();
            return note.Confirmed == 0 || note.BootId == bootId
                ? note
                : note with { BootId = bootId, UntilTicks = now.Ticks + note.LengthTicks };
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{notes.PlaceOf(Note)} is damaged; it holds the newest term that this node "
                + "refuses. Wait until the cluster has a primary, then remove the file", e);
        }
    }
}

/// <param name="Refused">0: none.</param>
/// <param name="Confirmed">The term promised to; 0: none.</param>
/// <param name="BootId">Of the boot that <paramref name="UntilTicks"/> counts from.</param>
/// <param name="UntilTicks">Since boot.</param>
/// <param name="LengthTicks">What was promised.</param>
sealed record PromisesNote(
    long Refused = 0, long Confirmed = 0, string BootId = "", long UntilTicks = 0, long LengthTicks = 0);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PromisesNote))]
sealed partial class PromisesJson : JsonSerializerContext;
