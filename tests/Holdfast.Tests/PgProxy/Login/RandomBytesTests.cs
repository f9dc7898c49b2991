using Holdfast.PgProxy.Login;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Login;

public sealed class RandomBytesTests
{
    [Fact]
    public void No_bytes_are_given_away_twice()
    {
        var seen = new HashSet<long>();
        for (var draw = 0; draw < 10_000; draw++)
        {
            var bytes = new byte[sizeof(long)];
            RandomBytes.Fill(bytes);
            seen.Add(BitConverter.ToInt64(bytes)).ShouldBeTrue();
        }
    }

    [Fact]
    public void A_kibibyte_at_once_is_all_random()
    {
        var bytes = new byte[1024];
        RandomBytes.Fill(bytes.AsSpan(0, 100));
        RandomBytes.Fill(bytes);
        bytes.Distinct().Count().ShouldBeGreaterThan(100);
    }
}
