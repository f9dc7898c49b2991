using System.Net;
using Bingo.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bingo.Http;

/// <summary>Kestrel, the envelope and the routes.</summary>
static class WebServer
{
    /// <summary>Not started yet. The caller disposes it.</summary>
    public static WebApplication Create(ListenSettings listen, Envelope envelope, Api api)
    {
        // Empty: the usual builder would read settings of its own, and watch their folder for changes.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, listen));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = HttpLimits.Stop);
        var app = builder.Build();
        app.Use(next => context => envelope.HandleAsync(context, next));
        app.UseRouting();
        api.Map(app);
        return app;
    }

    /// <summary>Where it listens, with the real port. Valid after the start.</summary>
    public static string Address(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return addresses.First();
    }

    static void Configure(KestrelServerOptions options, ListenSettings listen)
    {
        options.AddServerHeader = false;
        var limits = options.Limits;
        limits.MaxRequestBodySize = HttpLimits.BodyBytesMax;
        limits.MaxConcurrentConnections = HttpLimits.ConnectionsMax;
        limits.RequestHeadersTimeout = HttpLimits.Headers;
        limits.KeepAliveTimeout = HttpLimits.Idle;
        var address = listen.Host switch
        {
            "*" => IPAddress.Any,
            "localhost" => IPAddress.Loopback,
            var text => IPAddress.Parse(text),
        };
        options.Listen(address, listen.Port, static endpoint => endpoint.Protocols = HttpProtocols.Http1);
    }
}
