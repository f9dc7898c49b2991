using System.Text;
using Holdfast.Store.Etcd;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class HttpAnswerTests
{
    const string Known = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";

    const string Chunked =
        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\nGrpc-Trailer: x\r\n\r\n";

    [Theory]
    [InlineData(Known, 200)]
    [InlineData(Chunked, 404)]
    public void It_is_whole_with_its_last_byte_and_not_before(string text, int status)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var body = new byte[bytes.Length];
        for (var length = 0; length < bytes.Length; length++)
            HttpAnswer.Read(bytes.AsSpan(0, length), body).Progress.ShouldBe(HttpProgress.Partial, $"{length} bytes");

        var answer = HttpAnswer.Read(bytes, body);

        answer.Progress.ShouldBe(HttpProgress.Whole);
        answer.Status.ShouldBe(status);
        answer.KeepsOpen.ShouldBeTrue();
        Encoding.ASCII.GetString(answer.Body).ShouldBe("{\"a\":1}");
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 abc OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nno length")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n")]
    public void What_is_no_such_answer_is_broken(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        HttpAnswer.Read(bytes, new byte[bytes.Length]).Progress.ShouldBe(HttpProgress.Broken);
    }

    [Fact]
    public void An_answer_may_close_the_connection()
    {
        var bytes = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n");
        HttpAnswer.Read(bytes, new byte[bytes.Length]).KeepsOpen.ShouldBeFalse();
    }
}
