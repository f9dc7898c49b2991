using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Bingo;

[Collection(BingoFixture.Collection)]
public sealed class ListTests(BingoFixture fixture)
{
    const int Sessions = 100_000, MemoryKilobytesMax = 220_000;

    /// <summary>On a quiet machine a tenth of it.</summary>
    static readonly TimeSpan s_listLimit = TimeSpan.FromSeconds(10);

    BingoProgram Bingo => fixture.Bingo;

    [Fact]
    public async Task The_newest_sessions_come_in_order_and_in_little_memory()
    {
        var started = Stopwatch.GetTimestamp();
        var list = await Bingo.ListAsync("/api/session");
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(s_listLimit);
        list.Count.ShouldBe(Sessions);
        var keys = list.Select(session => (
            Year: -(int)session!["movie"]!["year"]!,
            Name: (string)session["movie"]!["name"]!,
            Customer: (int)session["customer"]!["id"]!,
            Id: -(int)session["id"]!)).ToArray();
        keys.ShouldBe(keys
            .OrderBy(key => key.Year)
            .ThenBy(key => key.Name, StringComparer.Ordinal)
            .ThenBy(key => key.Customer)
            .ThenBy(key => key.Id)
            .ToArray().AsEnumerable());
        var one = (int)list[Sessions / 2]!["id"]!;
        list[Sessions / 2]!.ToJsonString().ShouldBe((await Bingo.JsonAsync($"/api/session/{one}")).ToJsonString());
        PeakKilobytes().ShouldBeLessThan(MemoryKilobytesMax);
    }

    [Fact]
    public async Task Films_come_newest_first_and_customers_by_id()
    {
        var movies = await Bingo.ListAsync("/api/movie");
        movies.Count.ShouldBe(1000);
        var years = movies.Select(movie => (int)movie!["year"]!).ToArray();
        years.ShouldBe(years.OrderDescending().ToArray().AsEnumerable());
        var customers = await Bingo.ListAsync("/api/customer");
        customers.Select(customer => (int)customer!["id"]!).ShouldBe(Enumerable.Range(1, 5000));
    }

    [Fact]
    public async Task Clients_that_leave_in_the_middle_take_nothing_with_them()
    {
        // More of them than lists are sent at one time.
        for (var i = 0; i < 6; i++)
            await LeaveAsync();
        (await Bingo.StatusAsync("/api/session")).ShouldBe(200);
        (await Bingo.StatusAsync("/ping")).ShouldBe(200);
    }

    async Task LeaveAsync()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Bingo.Http.BaseAddress!.Port);
        await socket.GetStream().WriteAsync("GET /api/session HTTP/1.1\r\nHost: bingo\r\n\r\n"u8.ToArray());
        (await socket.GetStream().ReadAsync(new byte[1])).ShouldBe(1);
        socket.LingerState = new LingerOption(true, 0);
    }

    int PeakKilobytes() => File.ReadLines($"/proc/{Bingo.ProcessId}/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => int.Parse(line["VmHWM:".Length..^" kB".Length].Trim(), CultureInfo.InvariantCulture))
        .Single();
}
