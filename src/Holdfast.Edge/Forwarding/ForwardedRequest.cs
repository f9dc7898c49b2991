using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Holdfast.Edge.Forwarding;

/// <summary>A client's request as an instance gets it.</summary>
internal static class ForwardedRequest
{
    /// <summary>The target stays byte for byte as the client wrote it; the app reads it by its own rules.</summary>
    static readonly UriCreationOptions s_asItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Path and query as they were sent; null: a form that is not served (RFC 9112, 3.2).</summary>
    public static string? Target(HttpContext context)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (raw.StartsWith('/'))
            return raw;
        // Absolute form, as one speaks to a proxy.
        return raw.Contains("://", StringComparison.Ordinal) && context.Request.Path.HasValue
            ? context.Request.Path.ToUriComponent() + context.Request.QueryString
            : null;
    }

    public static HttpRequestMessage Create(Exchange exchange, Attempt attempt, TimeProvider clock)
    {
        var incoming = exchange.Context.Request;
        var target = Target(exchange.Context) ?? "/";
        var request = new HttpRequestMessage
        {
            Method = HttpMethod.Parse(incoming.Method),
            RequestUri = new Uri($"http://{attempt.Instance.Address}{target}", s_asItIs),
            Version = System.Net.HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (exchange.Body.Exists || !exchange.IsSafe)
            request.Content = new ClientBodyContent(exchange.Body, attempt, clock);
        var connection = (string?)incoming.Headers.Connection;
        foreach (var (name, values) in incoming.Headers)
        {
            if (HeaderRules.PassesToInstance(name, connection))
                Add(request, name, values);
        }
        AddOwn(exchange, request);
        return request;
    }

    static void AddOwn(Exchange exchange, HttpRequestMessage request)
    {
        var incoming = exchange.Context.Request;
        request.Headers.TryAddWithoutValidation(RequestId.Header, exchange.Id);
        request.Headers.TryAddWithoutValidation(HeaderRules.ForwardedFor, ClientAddress(exchange.Context));
        request.Headers.TryAddWithoutValidation(HeaderRules.ForwardedProto, incoming.Scheme);
        if (incoming.Headers.Host is { Count: > 0 } host)
            request.Headers.TryAddWithoutValidation(HeaderRules.ForwardedHost, (string?)host);
    }

    public static string ClientAddress(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        return (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "unknown";
    }

    static void Add(HttpRequestMessage request, string name, StringValues values)
    {
        // What describes a body is the content's in .NET's eyes; without content it describes nothing.
        if (values.Count == 1 ? !request.Headers.TryAddWithoutValidation(name, values[0])
                : !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values.ToArray()))
            request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values.ToArray());
    }
}
