using System.Text;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// A text that clients have prepared, under the one name that servers know it by. Clients' own names stay with the
/// clients, so that a server that has parsed it once serves them all.
/// </summary>
internal sealed class PreparedStatement
{
    /// <param name="number">Unlike that of any other of this process.</param>
    /// <param name="rest">Of its Parse message: text, zero, and the types of its parameters.</param>
    public PreparedStatement(long number, ReadOnlySpan<byte> rest)
    {
        Name = Encoding.ASCII.GetBytes($"_holdfast_{number}");
        Rest = rest.ToArray();
        Traits = QueryText.Read(rest[..rest.IndexOf((byte)0)]);
        ParseMessage = new byte[MessageHeader.Bytes + Name.Length + 1 + Rest.Length];
        new MessageHeader(ClientMessage.Parse, ParseMessage.Length - MessageHeader.Bytes).Write(ParseMessage);
        Name.CopyTo(ParseMessage, MessageHeader.Bytes);
        Rest.CopyTo(ParseMessage, MessageHeader.Bytes + Name.Length + 1);
    }

    public byte[] Name { get; }
    public byte[] Rest { get; }
    public TextTraits Traits { get; }
    public byte[] ParseMessage { get; }

    /// <summary>Clients that have a name for it. The last one that drops it takes it out of the catalog.</summary>
    public int Users { get; set; }
}
