using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Routing.Patroni;

/// <summary>Ids 4100 to 4119.</summary>
internal static partial class PatroniLog
{
    [LoggerMessage(4100, LogLevel.Information, "Patroni's members are {Members}")]
    public static partial void MembersFound(this ILogger log, string members);

    [LoggerMessage(4101, LogLevel.Warning, "None of Patroni's members lists the cluster: {Asked}")]
    public static partial void NobodyLists(this ILogger log, string asked);

    [LoggerMessage(4102, LogLevel.Warning,
        "{Member} at {Api} is of the system {System}, and the cluster is {Cluster}: it is not believed")]
    public static partial void OfAnotherSystem(this ILogger log, string member, Uri api, ulong system, ulong cluster);

    [LoggerMessage(4103, LogLevel.Error, "Asking Patroni's member {Member} failed")]
    public static partial void AskingFailed(this ILogger log, string member, Exception error);

    [LoggerMessage(4104, LogLevel.Error, "Looking for Patroni's members failed")]
    public static partial void ListingFailed(this ILogger log, Exception error);
}
