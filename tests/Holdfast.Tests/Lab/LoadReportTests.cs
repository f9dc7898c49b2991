using Holdfast.Lab.Workloads;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class LoadReportTests
{
    [Fact]
    public void Latency_counts_from_when_a_request_was_due()
    {
        LoadAttempt[] attempts =
        [
            new("/a", DueMs: 0, EndedMs: 10, Error: null),
            new("/a", DueMs: 100, EndedMs: 400, Error: null),
            new("/a", DueMs: 200, EndedMs: 900, Error: "502"),
            new("/b", DueMs: 0, EndedMs: 5, Error: null),
        ];
        var report = LoadReport.Of(attempts, beganMs: 0, endedMs: 1_000);
        report.Keys.ShouldBe(["/a", "/b"]);
        report["/a"].ShouldBe(new LoadReport(3, 1, 300, 700, 700, 700, LongestGapMs: 600));
        report["/b"].ShouldBe(new LoadReport(1, 0, 5, 5, 5, 5, LongestGapMs: 995));
    }

    [Fact]
    public void The_mix_is_in_equal_shares_and_the_same_each_time()
    {
        var mix = LoadMix.OfTheSample();
        var requests = Enumerable.Range(0, 5_000).Select(mix.At).ToList();
        requests.ShouldBe(Enumerable.Range(0, 5_000).Select(LoadMix.OfTheSample().At));
        requests.GroupBy(request => request.Endpoint).ShouldAllBe(group => group.Count() == 1_000);
        requests.Where(request => request.Endpoint == "/api/movie/{id}")
            .Select(request => request.Path).Distinct().Count().ShouldBe(1_000);
        requests.Where(request => request.Body is not null).ShouldAllBe(request => request.Path == "/operation");
    }

    [Fact]
    public void One_path_is_asked_as_it_was_given() =>
        LoadMix.Of("/api/movie?x=1").At(7).ShouldBe(new LoadRequest("/api/movie?x=1", "/api/movie?x=1", null));
}
