using Holdfast.Cluster.Configuration;
using Holdfast.Edge.Routes;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Edge.Routes;

public sealed class RouteTableTests
{
    static readonly RouteTable s_table = Table("/", "/api", "/api/movie", "/long_dummy/");

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/other", "/")]
    [InlineData("/api", "/api")]
    [InlineData("/api/", "/api")]
    [InlineData("/apis", "/")]
    [InlineData("/API", "/")]
    [InlineData("/api/customer/7", "/api")]
    [InlineData("/api/movie", "/api/movie")]
    [InlineData("/api/movie/1", "/api/movie")]
    [InlineData("/api/movies", "/api")]
    [InlineData("/long_dummy", "/long_dummy/")]
    [InlineData("/long_dummy/x", "/long_dummy/")]
    public void The_longest_path_by_whole_segments_is_taken(string path, string route) =>
        s_table.Match(path)!.Path.ShouldBe(route);

    [Fact]
    public void Without_a_route_for_everything_some_paths_lead_nowhere()
    {
        Table("/api").Match("/").ShouldBeNull();
        Table("/api").Match("/apis").ShouldBeNull();
        Table("/api").Match("").ShouldBeNull();
    }

    [Fact]
    public void Routes_keep_the_order_of_the_file() =>
        s_table.Routes.Select(route => (route.Index, route.Path)).ShouldBe(
            [(0, "/"), (1, "/api"), (2, "/api/movie"), (3, "/long_dummy/")]);

    static RouteTable Table(params string[] paths) =>
        new([.. paths.Select(path => new RouteSettings { Path = path, To = "bingo" })]);
}
