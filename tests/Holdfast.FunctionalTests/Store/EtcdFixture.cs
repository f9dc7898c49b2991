using Holdfast.Doubles.Store;
using Xunit;

namespace Holdfast.FunctionalTests.Store;

/// <summary>One and three real members, shared by the tests of the store; those run one after the other.</summary>
public sealed class EtcdFixture : IAsyncLifetime
{
    public const string Collection = "etcd";

    public EtcdCluster One { get; private set; } = null!;
    public EtcdCluster Three { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        One = await EtcdCluster.StartAsync(1, CancellationToken.None);
        Three = await EtcdCluster.StartAsync(3, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Three.DisposeAsync();
    }
}

[CollectionDefinition(EtcdFixture.Collection)]
public sealed class EtcdGroup : ICollectionFixture<EtcdFixture>;
