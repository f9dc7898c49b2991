using System.Buffers.Binary;
using System.Text;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Doubt;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Doubt;

public sealed class CommitEvidenceTests
{
    static readonly NodeName s_server = new("n1");

    [Theory]
    [InlineData("801", "read committed", "on", 801ul, false, true)]
    [InlineData(null, "serializable", "local", null, true, false)]
    [InlineData("4294967999", "repeatable read", "remote_apply", 4294967999ul, false, true)]
    public void A_row_tells_all(
        string? xid, string isolation, string level, ulong? id, bool isStrict, bool isDurable) =>
        CommitEvidence.Read(s_server, Row(xid, isolation, level, "1700000000123456"))
            .ShouldBe(new CommitEvidence(s_server, 1700000000123456, id, isStrict, isDurable));

    [Fact]
    public void Whatever_else_is_no_evidence()
    {
        CommitEvidence.Read(s_server, Row("x", "read committed", "on", "1")).ShouldBeNull();
        CommitEvidence.Read(s_server, Row("1", "read committed", "on", null)).ShouldBeNull();
        CommitEvidence.Read(s_server, Row("1", "read committed", "on")).ShouldBeNull();
        var whole = Row("1", "read committed", "on", "12");
        for (var length = 0; length < whole.Length; length++)
            CommitEvidence.Read(s_server, whole.AsSpan(0, length)).ShouldBeNull();
    }

    static byte[] Row(params string?[] values)
    {
        var row = new MemoryStream();
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt16BigEndian(number, (short)values.Length);
        row.Write(number[..sizeof(short)]);
        foreach (var value in values)
        {
            BinaryPrimitives.WriteInt32BigEndian(number, value?.Length ?? -1);
            row.Write(number);
            row.Write(Encoding.ASCII.GetBytes(value ?? ""));
        }
        return row.ToArray();
    }
}
