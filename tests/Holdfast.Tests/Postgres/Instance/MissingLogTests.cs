using Holdfast.Postgres.Instance;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Instance;

public sealed class MissingLogTests
{
    [Fact]
    public void The_segment_that_pg_rewind_misses_is_in_its_complaint() =>
        MissingLog.NameIn("""
            pg_rewind: servers diverged at WAL location 0/5000060 on timeline 1
            pg_rewind: error: could not open file "/d/data/pg_wal/000000010000000000000004": No such file or directory
            pg_rewind: error: could not find previous WAL record at 0/5000060
            """).ShouldBe("000000010000000000000004");

    [Theory]
    [InlineData("pg_rewind: error: could not connect to server")]
    [InlineData("pg_rewind: error: could not open file \"/d/data/global/pg_control\": No such file or directory")]
    [InlineData("pg_rewind: error: could not open file \"/d/pg_wal/../../etc/passwd\": No such file or directory")]
    public void Other_complaints_name_none(string errors) => MissingLog.NameIn(errors).ShouldBeNull();
}
