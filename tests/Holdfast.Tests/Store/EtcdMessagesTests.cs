using System.Text.Json;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class EtcdMessagesTests
{
    [Fact]
    public void Unknown_fields_are_ignored_and_missing_ones_are_zero()
    {
        const string json = """
            {"header":{"cluster_id":"18446744073709551615","revision":"7","novelty":{"a":[1]}},"kvs":[{"key":"L2E="}],
             "more":true,"succeeded":true,"responses":[{"response_range":{"kvs":[{"key":"L2E=","new":1}],"count":"1"}}]}
            """;

        var answer = JsonSerializer.Deserialize(json, EtcdJson.Default.TxnAnswer)!;

        HeaderAnswer.Of(answer.Header).ShouldBe(new StoreHeader(ulong.MaxValue, 0, 7, 0));
        var pair = KeyRange.Read(answer.Responses![0].ResponseRange!.Kvs![0]);
        pair.ShouldBe(new KeyValue("/a", "", 0, 0, 0));
    }

    [Fact]
    public void Numbers_may_come_as_numbers() =>
        JsonSerializer.Deserialize("""{"ID":12,"TTL":3}""", EtcdJson.Default.LeaseAnswer)!.Ttl.ShouldBe(3);

    [Theory]
    [InlineData("/a/", "/a0")]
    [InlineData("/", "0")]
    [InlineData("", "\0")]
    public void The_end_of_a_prefix_is_the_first_key_after_it(string prefix, string end) =>
        KeyRange.EndOf(prefix).ShouldBe(KeyRange.Bytes(end));

    [Theory]
    [InlineData(404, """{"error":"requested lease not found","code":5,"message":"etcdserver: …"}""", "Refused")]
    [InlineData(404, """{"code":5,"message":"etcdserver: requested lease not found","details":[]}""", "Refused")]
    [InlineData(503, """{"code":14,"message":"etcdserver: leader changed"}""", "Unknown")]
    [InlineData(504, """{"code":4,"message":"context deadline exceeded"}""", "Unknown")]
    [InlineData(429, """{"code":8,"message":"etcdserver: mvcc: database space exceeded"}""", "Refused")]
    [InlineData(502, "<html>bad gateway</html>", "Unknown")]
    [InlineData(404, "Not Found", "Refused")]
    [InlineData(500, "", "Unknown")]
    public void An_error_is_refused_only_where_nothing_can_have_happened(int status, string body, string outcome) =>
        Reply.OfError(status, KeyRange.Bytes(body)).Outcome.ToString().ShouldBe(outcome);

    [Fact]
    public void A_transaction_without_operations_still_asks_for_the_newest_state() =>
        TxnRequests.Of(new Transaction([], [])).Success.ShouldNotBeEmpty();
}
