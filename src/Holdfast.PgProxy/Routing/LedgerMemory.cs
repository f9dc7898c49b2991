using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Routing;

/// <summary>The terms and stores that were seen, on disk.</summary>
public sealed class LedgerMemory(TermLedger ledger, ILogger log) : ITermMemory
{
    public Term Newest => ledger.HighestTerm;

    public string? WhyNotBelieved(ClusterView view)
    {
        try
        {
            return ledger.Observe(view) switch
            {
                StoreTrust.Trusted => null,
                StoreTrust.Restored =>
                    $"the store was set back to revision {view.Revision}, and term {Newest} was seen",
                _ => $"another store answers ({view.StoreId:x}), and term {Newest} was seen",
            };
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // A full disk must not hold clients: the term is in force from memory, and only a restart would forget it.
            log.TermNotKept(Newest.Value, failed);
            return null;
        }
    }
}
