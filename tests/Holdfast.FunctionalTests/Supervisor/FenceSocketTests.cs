using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Fencing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

public sealed class FenceSocketTests : IDisposable
{
    readonly NodeFolder _node = new();
    readonly Fence _fence;
    readonly FenceServer _server;

    public FenceSocketTests()
    {
        _fence = new Fence(_node.Paths, NullLogger.Instance);
        _fence.Start();
        _server = new FenceServer(_fence, _node.Paths.FenceSocket, "postgres", NullLogger.Instance);
        _server.Start();
    }

    public void Dispose()
    {
        _server.Dispose();
        _fence.Dispose();
        _node.Dispose();
    }

    [Fact]
    public void The_socket_belongs_to_PostgreSQL_s_user_alone()
    {
        File.GetUnixFileMode(_node.Paths.FenceSocket).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        FileIdentity.OwnerOf(_node.Paths.FenceSocket)!.Value.User.ShouldBe(UserAccount.Find("postgres")!.User);
    }

    [Fact]
    public void A_ticket_that_was_taken_is_answered_and_kept()
    {
        using var client = Connect();
        Ask(client, Put(term: 7)).ShouldBe("""{"ok":true}""");
        FenceFile.Read(_node.Paths.FenceFile, BootClock.BootId)!.Term.ShouldBe(7);
        using var another = Connect();
        var answer = JsonSerializer.Deserialize(Ask(another, """{"get":true}"""), FenceJson.Default.FenceAnswer)!;
        answer.Ticket!.Term.ShouldBe(7);
    }

    [Fact]
    public void An_older_term_is_refused_and_the_newer_one_stays()
    {
        using var client = Connect();
        Ask(client, Put(term: 7)).ShouldBe("""{"ok":true}""");
        Ask(client, Put(term: 6)).ShouldBe("""{"ok":false,"why":"term 6 is older than 7"}""");
        _fence.Ticket!.Term.ShouldBe(7);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("null")]
    public void Nonsense_is_answered_and_disturbs_nobody(string line)
    {
        using var client = Connect();
        Ask(client, line).ShouldStartWith("""{"ok":false,"why":""");
        Ask(client, Put(term: 7)).ShouldBe("""{"ok":true}""");
    }

    [Fact]
    public void Clients_that_say_nothing_say_half_a_line_or_too_much_hold_up_nobody()
    {
        var silent = Enumerable.Range(0, 40).Select(_ => Connect()).ToList();
        silent[^1].Send("{\"put\":"u8);
        silent[^2].SendTimeout = 500;
        try
        {
            for (var piece = 0; piece < 100; piece++)
                silent[^2].Send(new byte[4096]);
        }
        catch (SocketException)
        {
            // Was shown the door, as it should be.
        }
        using var client = Connect();
        Ask(client, Put(term: 7)).ShouldBe("""{"ok":true}""");
        silent.ForEach(socket => socket.Dispose());
    }

    string Put(long term)
    {
        var ticket = new FenceTicket
        {
            BootId = BootClock.BootId,
            DeadlineNs = BootClock.ToNanoseconds(BootClock.Now + TimeSpan.FromSeconds(60)),
            Term = term,
            LeaseId = 1,
            PostmasterPid = 0,
            PostmasterStart = 0,
            DataDirectory = _node.Paths.PostgresData,
        };
        return JsonSerializer.Serialize(new FenceRequest { Put = ticket }, FenceJson.Default.FenceRequest);
    }

    Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.ReceiveTimeout = 5000;
        socket.Connect(new UnixDomainSocketEndPoint(_node.Paths.FenceSocket));
        return socket;
    }

    static string Ask(Socket socket, string line)
    {
        socket.Send(Encoding.UTF8.GetBytes(line + "\n"));
        var buffer = new byte[16 * 1024];
        var filled = 0;
        while (filled == 0 || buffer[filled - 1] != '\n')
        {
            var read = socket.Receive(buffer.AsSpan(filled));
            if (read == 0)
                throw new IOException("closed");
            filled += read;
        }
        return Encoding.UTF8.GetString(buffer, 0, filled - 1);
    }
}
