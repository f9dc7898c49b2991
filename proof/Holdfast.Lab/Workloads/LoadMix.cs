using System.Collections.Immutable;
using System.Globalization;

namespace Holdfast.Lab.Workloads;

/// <param name="Endpoint">What it is counted under.</param>
/// <param name="Path">With the id in place.</param>
/// <param name="Body">JSON; null: a GET.</param>
sealed record LoadRequest(string Endpoint, string Path, string? Body);

/// <summary>Which request comes next: the same sequence in every run.</summary>
sealed class LoadMix
{
    /// <summary>Ids that every size of the sample's data has.</summary>
    const int Ids = 1_000;

    /// <summary>Coprime to <see cref="Ids"/>: all ids come, in no order.</summary>
    const int Stride = 617;

    readonly ImmutableArray<Func<int, LoadRequest>> _kinds;

    LoadMix(params ImmutableArray<Func<int, LoadRequest>> kinds) => _kinds = kinds;

    /// <summary>What users of the film service do, in equal shares (SPEC B3).</summary>
    public static LoadMix OfTheSample() => new(
        static turn => new LoadRequest(
            "/operation", "/operation", string.Create(CultureInfo.InvariantCulture, $$"""{"operation":{{turn}}}""")),
        static _ => new LoadRequest("/db_dummy", "/db_dummy", null),
        static turn => ById("/api/movie", turn),
        static turn => ById("/api/customer", turn),
        static turn => ById("/api/session", turn));

    public static LoadMix Of(string path) => new(_ => new LoadRequest(path, path, null));

    /// <param name="index">From 0.</param>
    public LoadRequest At(int index) => _kinds[index % _kinds.Length](index / _kinds.Length);

    static LoadRequest ById(string path, int turn)
    {
        var id = 1 + (int)((long)turn * Stride % Ids);
        return new LoadRequest($"{path}/{{id}}", string.Create(CultureInfo.InvariantCulture, $"{path}/{id}"), null);
    }
}
