using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.FunctionalTests.Edge;

/// <summary>A request as it came over the wire.</summary>
sealed record FakeRequest(string Method, string Target, IReadOnlyList<(string Name, string Value)> Headers)
{
    public byte[] Body { get; set; } = [];
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>Null: it has none of that name; of several the values with commas.</summary>
    public string? this[string name]
    {
        get
        {
            var values = Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).ToList();
            return values.Count == 0 ? null : string.Join(", ", values.Select(header => header.Value));
        }
    }
}

/// <summary>Reads requests off one connection, byte for byte.</summary>
sealed class FakeReader(Socket socket, Action<int> bodyBytesCame)
{
    readonly byte[] _buffer = new byte[64 * 1024];
    int _from, _to;

    /// <summary>Null: the connection ended. Its body is still to be read.</summary>
    public async Task<FakeRequest?> HeadAsync()
    {
        if (await LineAsync() is not { } first || first.Split(' ') is not [var method, var target, _])
            return null;
        var headers = new List<(string, string)>();
        while (await LineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':');
            headers.Add((line[..colon], line[(colon + 1)..].Trim()));
        }
        return new FakeRequest(method, target, headers);
    }

    /// <summary>The whole body; false: the connection ended before.</summary>
    public async Task<bool> BodyAsync(FakeRequest request)
    {
        using var body = new MemoryStream();
        if (request["Transfer-Encoding"] is not null)
        {
            while (await LineAsync() is { } size)
            {
                var bytes = int.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                if (!await CopyAsync(bytes, body) || await LineAsync() is null)
                    return false;
                if (bytes > 0)
                    continue;
                request.Body = body.ToArray();
                return true;
            }
            return false;
        }
        var length = int.Parse(request["Content-Length"] ?? "0", CultureInfo.InvariantCulture);
        var isWhole = await CopyAsync(length, body);
        request.Body = body.ToArray();
        return isWhole;
    }

    async Task<bool> CopyAsync(int count, MemoryStream to)
    {
        while (count > 0)
        {
            if (_from == _to && !await FillAsync())
                return false;
            var some = Math.Min(count, _to - _from);
            to.Write(_buffer, _from, some);
            bodyBytesCame(some);
            _from += some;
            count -= some;
        }
        return true;
    }

    async Task<string?> LineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_from == _to && !await FillAsync())
                return null;
            var letter = (char)_buffer[_from++];
            if (letter == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append(letter);
        }
    }

    async Task<bool> FillAsync()
    {
        (_from, _to) = (0, await socket.ReceiveAsync(_buffer));
        return _to > 0;
    }
}
