using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store.Etcd;

namespace Holdfast.Agent.Lease;

/// <summary>Asks over REST, <c>POST /failsafe</c>, as Patroni does (Patroni, failsafe mode).</summary>
internal sealed class MembersLink(string name, string connUrl, string apiUrl) : IMembersLink
{
    const int Ok = 200;

    readonly Dictionary<string, BlockingHttp> _members = new(StringComparer.Ordinal);

    public bool AllConfirm(ImmutableArray<string> apiUrls, Term term, TimeSpan until)
    {
        var question = JsonSerializer.SerializeToUtf8Bytes(
            new FailsafeQuestion(name, connUrl, apiUrl, term.Value), FailsafeJson.Default.FailsafeQuestion);
        return apiUrls.All(url => Confirms(url, question, until));
    }

    bool Confirms(string url, byte[] question, TimeSpan until)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || BootClock.Now >= until)
            return false;
        if (!_members.TryGetValue(uri.Authority, out var member))
            _members[uri.Authority] = member = new BlockingHttp(uri.Authority);
        try
        {
            return member.Post("/failsafe", question, until).Status == Ok;
        }
        catch (NoAnswerException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        foreach (var member in _members.Values)
            member.Dispose();
    }
}

/// <summary>Patroni's fields, and the term that is to be confirmed.</summary>
internal sealed record FailsafeQuestion(
    string Name,
    [property: JsonPropertyName("conn_url")] string ConnUrl,
    [property: JsonPropertyName("api_url")] string ApiUrl,
    [property: JsonPropertyName("holdfast_term")] long Term);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FailsafeQuestion))]
internal sealed partial class FailsafeJson : JsonSerializerContext;
