using System.Collections.Immutable;
using System.Net;

namespace Holdfast.PgProxy.Login.Hba;

/// <summary>Who wants to come in.</summary>
public readonly record struct HbaRequest(IPAddress From, string User, string Database, bool IsEncrypted);

/// <summary>What is asked of a client.</summary>
/// <param name="Method">How it is to prove who it is.</param>
/// <param name="Certificate">What it must have shown in the handshake.</param>
/// <param name="Why">The line that decided; where it is rejected, PostgreSQL's own words for the client.</param>
public sealed record HbaVerdict(HbaMethod Method, HbaCertificate Certificate, string Why);

/// <summary>The rules of a file in pg_hba.conf's format. The first that matches decides. Immutable and pure.</summary>
public sealed class HbaRules
{
    internal HbaRules(ImmutableArray<HbaRule> rules, ImmutableArray<string> notes) => (Rules, Notes) = (rules, notes);

    internal ImmutableArray<HbaRule> Rules { get; }

    /// <summary>Lines that have no meaning here, for the log.</summary>
    public ImmutableArray<string> Notes { get; }

    /// <summary>Some rule asks for a certificate: clients must have been asked for one.</summary>
    public bool AsksCertificates => Rules.Any(rule => rule.Certificate != HbaCertificate.NotAsked);

    public HbaVerdict Decide(HbaRequest request)
    {
        var from = request.From.IsIPv4MappedToIPv6 ? request.From.MapToIPv4() : request.From;
        var address = from.GetAddressBytes();
        var whom = $"host \"{from}\", user \"{request.User}\", database \"{request.Database}\", "
            + (request.IsEncrypted ? "SSL encryption" : "no encryption");
        foreach (var rule in Rules)
        {
            if (!rule.Matches(request, address))
                continue;
            if (rule.Method == HbaMethod.Reject)
                return Rejected($"pg_hba.conf rejects connection for {whom}");
            // Written out for connections without encryption alone, it is what the operator wants.
            return rule.Method == HbaMethod.Password && !request.IsEncrypted
                && rule.Connection != HbaConnection.InClear
                    ? Rejected($"a password in clear needs an encrypted connection (SSL): {whom}")
                    : new HbaVerdict(rule.Method, rule.Certificate, $"line {rule.Line}");
        }
        return Rejected($"no pg_hba.conf entry for {whom}");
    }

    static HbaVerdict Rejected(string why) => new(HbaMethod.Reject, HbaCertificate.NotAsked, why);
}
