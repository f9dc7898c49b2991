using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Edge.Forwarding;

/// <summary>
/// The writing end of one client's connection. What is not HTTP at all Kestrel refuses itself, with an empty body, and
/// asks nobody; here such an answer gets its problem details. It is known by its time: whatever is written while no
/// request is with the application is a refusal. Of the connection's one flow, as any PipeWriter.
/// </summary>
internal sealed class RefusalWriter(PipeWriter inner) : PipeWriter
{
    const string EmptyBody = "Content-Length: 0\r\n";

    ArrayBufferWriter<byte>? _refusal;

    /// <summary>The application has a request of this connection.</summary>
    public volatile bool IsServing;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;
    public override long UnflushedBytes => inner.UnflushedBytes + (_refusal?.WrittenCount ?? 0);

    /// <summary>An application calls it at the beginning and at the end of each request.</summary>
    public static void Serving(IFeatureCollection features, bool isServing)
    {
        if (features.Get<RefusalWriter>() is { } writer)
            writer.IsServing = isServing;
    }

    /// <summary>Puts one between Kestrel and each connection of a listener.</summary>
    public static ConnectionDelegate Between(ConnectionDelegate next) => async connection =>
    {
        var transport = connection.Transport;
        var writer = new RefusalWriter(transport.Output);
        connection.Features.Set(writer);
        connection.Transport = new Pair(transport.Input, writer);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    };

    public override Memory<byte> GetMemory(int sizeHint = 0) =>
        IsServing && _refusal is null ? inner.GetMemory(sizeHint) : Refusal().GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) =>
        IsServing && _refusal is null ? inner.GetSpan(sizeHint) : Refusal().GetSpan(sizeHint);

    public override void Advance(int bytes)
    {
        if (_refusal is null)
            inner.Advance(bytes);
        else
            _refusal.Advance(bytes);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        PassRefusal();
        return inner.FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        PassRefusal();
        inner.Complete(exception);
    }

    /// <summary>The same answer with details, or as it was where it isn't a refusal of the usual form.</summary>
    /// <param name="answer">A whole one: status line, headers, no body.</param>
    /// <param name="id">The request's, made for it.</param>
    public static string WithDetails(string answer, string id)
    {
        var isRefusal = answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            && int.TryParse(answer.AsSpan(9, Math.Min(3, answer.Length - 9)), out var status) && status >= 400
            && answer.Contains(EmptyBody, StringComparison.Ordinal);
        if (!isRefusal)
            return answer;
        var problem = new Problem(int.Parse(answer.AsSpan(9, 3)), "refused", "the request is not valid HTTP/1.1 here");
        var body = Encoding.ASCII.GetString(problem.Json(id).Span);
        return answer.Replace(EmptyBody,
            $"Content-Length: {body.Length}\r\nContent-Type: {Problem.ContentType}\r\nCache-Control: no-store\r\n"
            + $"{RequestId.Header}: {id}\r\n", StringComparison.Ordinal) + body;
    }

    ArrayBufferWriter<byte> Refusal() => _refusal ??= new ArrayBufferWriter<byte>(512);

    void PassRefusal()
    {
        if (_refusal is not { } refusal)
            return;
        _refusal = null;
        var answer = WithDetails(Encoding.Latin1.GetString(refusal.WrittenSpan), RequestId.Of(given: null));
        inner.Write(Encoding.Latin1.GetBytes(answer));
    }

    sealed class Pair(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;
        public PipeWriter Output => output;
    }
}
