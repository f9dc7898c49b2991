using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Holdfast.Lab.Hosts;

/// <summary>The IPv4 network that holds all hosts of a file, and an address in it that is no host's.</summary>
readonly record struct Subnet(IPAddress Gateway, int PrefixLength)
{
    const int UsualPrefix = 24, AddressBits = 32;

    /// <summary>A /24 where that holds all of <paramref name="addresses"/>, else as much wider as it must be.</summary>
    public static Subnet Of(IReadOnlyCollection<string> addresses)
    {
        var hosts = addresses.Select(Bits).ToHashSet();
        var prefix = UsualPrefix;
        while (hosts.Select(bits => Network(bits, prefix)).Distinct().Count() > 1)
            prefix--;
        var broadcast = Network(hosts.First(), prefix) | (uint)((1UL << (AddressBits - prefix)) - 1);
        var gateway = broadcast - 1;
        while (hosts.Contains(gateway))
            gateway--;
        return new Subnet(Address(gateway), prefix);
    }

    static uint Network(uint bits, int prefix) => prefix == 0 ? 0 : bits & (uint.MaxValue << (AddressBits - prefix));

    static uint Bits(string address) =>
        IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetwork
            ? BinaryPrimitives.ReadUInt32BigEndian(parsed.GetAddressBytes())
            : throw new LabException($"the lab gives hosts IPv4 addresses, '{address}' is none");

    static IPAddress Address(uint bits)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, bits);
        return new IPAddress(bytes);
    }
}
