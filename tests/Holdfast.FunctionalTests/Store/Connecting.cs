using Holdfast.Store.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.FunctionalTests.Store;

static class Connecting
{
    public static EtcdStore To(params string[] endpoints) =>
        new([.. endpoints], new EtcdClientSettings(), NullLogger.Instance);
}
