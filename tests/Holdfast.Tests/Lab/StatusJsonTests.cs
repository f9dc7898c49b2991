using System.Text.Json;
using Holdfast.Lab;
using Holdfast.Lab.Status;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class StatusJsonTests
{
    [Fact]
    public void The_status_has_exactly_the_promised_fields()
    {
        var status = new LabStatus(
            "films", [new HostStatus("n1", "10.77.0.11", "up", [new ProgramStatus("etcd", "ready", 7, 0)])]);
        JsonSerializer.Serialize(status, LabJson.Default.LabStatus).Replace("\n", "", StringComparison.Ordinal).Replace(
            " ", "", StringComparison.Ordinal).ShouldBe(
            """{"lab":"films","hosts":[{"name":"n1","address":"10.77.0.11","state":"up","programs":[{"name":"etcd","state":"ready","pid":7,"restarts":0}]}]}""");
    }

    [Fact]
    public void A_supervisors_answer_may_say_more_than_we_ask() =>
        JsonSerializer.Deserialize("""{"host":"n1","state":"Ready","pid":1,"programs":[{"name":"etcd","state":"Ready","pid":null,"restarts":2}],"term":5}""",
            LabJson.Default.SupervisorAnswer)!.Programs[0].ShouldBe(new ProgramStatus("etcd", "Ready", null, 2));

    [Fact]
    public void Members_are_read_from_what_an_agent_says()
    {
        var answer = JsonSerializer.Deserialize(
            """{"members":[{"name":"n1","role":"leader","state":"running","timeline":1},{"name":"n2","role":"quorum_standby","state":"streaming","lag":0}],"scope":"films"}""",
            LabJson.Default.ClusterAnswer)!;
        answer.Leader!.Name.ShouldBe("n1");
        (answer.Members[1].IsStreaming, answer.Members[1].IsSynchronous).ShouldBe((true, true));
    }
}
