using Holdfast.PgProxy.Routing;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy;

public sealed class LedgerMemoryTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("holdfast-pgproxy-").FullName;

    [Fact]
    public void A_store_that_was_set_back_is_not_believed()
    {
        var memory = Memory();
        memory.WhyNotBelieved(Led("n1", 9) with { Revision = 9, StoreId = 1 }).ShouldBeNull();
        memory.WhyNotBelieved(Led("n1", 5) with { Revision = 6, StoreId = 1 })
            .ShouldBe("the store was set back to revision 6, and term 9 was seen");
        Memory().WhyNotBelieved(Led("n1", 20) with { Revision = 20, StoreId = 0xbee })
            .ShouldBe("another store answers (bee), and term 9 was seen");
    }

    LedgerMemory Memory() => new(TermLedger.Open(_folder, TimeProvider.System), NullLogger.Instance);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
