using Holdfast.Postgres.Instance;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Instance;

public sealed class ServerFilesTests
{
    [Fact]
    public void Postmaster_pid_names_process_and_shared_memory()
    {
        PostmasterPidFile.Parse(PidFile("ready   ")).ShouldBe(new PostmasterPidFile(4711, 98305, "ready"));
        PostmasterPidFile.Parse("-4711\n/data\n").ShouldBe(new PostmasterPidFile(-4711, null, ""));
        PostmasterPidFile.Parse("").ShouldBeNull();
    }

    [Theory]
    [InlineData("starting", true)]
    [InlineData("stopping", true)]
    [InlineData("ready   ", false)]
    [InlineData("standby ", false)]
    [InlineData("", false)]
    [InlineData("of another version", false)]
    public void Postmaster_pid_tells_whether_sessions_are_refused(string status, bool refused) =>
        PostmasterPidFile.Parse(PidFile(status))!.RefusesSessions.ShouldBe(refused);

    [Fact]
    public void Without_a_status_sessions_are_not_refused() =>
        PostmasterPidFile.Parse("4711\n/data\n1700000000\n5432\n/run\n127.0.0.1\n  1234567        98305")!
            .RefusesSessions.ShouldBeFalse();

    static string PidFile(string status) =>
        $"4711\n/data\n1700000000\n5432\n/run\n127.0.0.1\n  1234567        98305\n{status}\n";

    [Fact]
    public void Attached_processes_are_counted_by_segment()
    {
        string[] table =
        [
            "       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid",
            "   1234567      98305   600         56  4711  4712      3   101   104   101   104",
        ];
        SharedMemory.Attached(table, 98305).ShouldBe(3);
        SharedMemory.Attached(table, 56).ShouldBe(0);
    }

    [Fact]
    public void A_failed_start_is_explained_by_the_first_fatal_line() =>
        LogTail.Why("LOG: starting\nFATAL:  configuration file contains errors\nLOG: database system is shut down\n")
            .ShouldBe("FATAL:  configuration file contains errors");

    [Fact]
    public void A_user_is_found_in_passwd()
    {
        string[] lines = ["root:x:0:0:root:/root:/bin/sh", "postgres:x:101:104:PG:/var/lib/postgresql:/bin/bash"];
        OsUser.Parse(lines, "postgres")
            .ShouldBe(new OsUser("postgres", 101, 104, "/var/lib/postgresql"));
        OsUser.Parse(["root:x:0:0:root:/root:/bin/sh"], "postgres").ShouldBeNull();
    }

    [Fact]
    public void Control_data_is_read_by_its_english_names()
    {
        var facts = ControlFacts.Parse("""
            Database system identifier:           7710550489090757286
            Database cluster state:               in production
            Latest checkpoint location:           0/17414F8
            Latest checkpoint's TimeLineID:       2
            Minimum recovery ending location:     0/0
            Min recovery ending loc's timeline:   0
            max_connections setting:              100
            max_worker_processes setting:         8
            max_wal_senders setting:              10
            max_prepared_xacts setting:           0
            max_locks_per_xact setting:           64
            """);
        facts.SystemIdentifier.ShouldBe("7710550489090757286");
        (facts.Checkpoint.ToString(), facts.Timeline).ShouldBe(("0/17414F8", 2));
        (facts.CrashedAsPrimary, facts.WasReplica).ShouldBe((true, false));
        facts.Floors["max_prepared_transactions"].ShouldBe(0);
    }
}
