using Holdfast.FunctionalTests.PgProxy;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Bingo;

/// <summary>A PostgreSQL with 100,000 sessions, and a bingo that serves them; shared, since both only grow a few
/// rows.</summary>
public sealed class BingoFixture : IAsyncLifetime
{
    public const string Collection = "bingo";

    public RealPostgres Postgres { get; } = new();
    public BingoProgram Bingo { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Postgres.InitializeAsync();
        await Bingo.ConfigureAsync(BingoProgram.Config(Postgres.Port));
        (await Bingo.PrepareAsync("--scale", "0.1")).Code.ShouldBe(0);
        await Bingo.ServeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Bingo.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}

[CollectionDefinition(BingoFixture.Collection)]
public sealed class BingoGroup : ICollectionFixture<BingoFixture>;
