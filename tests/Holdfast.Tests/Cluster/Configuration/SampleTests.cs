using Holdfast.Cluster.Configuration;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Configuration;

public sealed class SampleTests
{
    [Fact]
    public void Every_sample_is_a_good_file()
    {
        var samples = Directory.GetFiles(Path.Combine(Repository.Root, "samples"), "*.yml");

        samples.ShouldNotBeEmpty();
        foreach (var sample in samples)
            ClusterFileReader.Read(sample, File.ReadAllText(sample)).Problems.ShouldBeEmpty();
    }
}
