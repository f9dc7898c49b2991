using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Lab;

public sealed class RelayTests
{
    /// <summary>A busy machine may stand still for seconds; what is waited for never comes without its cause.</summary>
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A server on a host's own address that says its name to everybody, and then echoes.</summary>
    sealed class Greeter : IAsyncDisposable
    {
        readonly Socket _listener;
        readonly CancellationTokenSource _over = new();
        readonly Task _serving;

        public Greeter(StandInLab lab, string host, int port)
        {
            var found = lab.State.Host(host);
            _listener = NamespaceSocket.OpenTcp(Cabling.PathOf(found.Namespace));
            _listener.Bind(new IPEndPoint(IPAddress.Parse(found.Address), port));
            _listener.Listen();
            _serving = ServeAsync(host);
        }

        public async ValueTask DisposeAsync()
        {
            await _over.CancelAsync();
            _listener.Dispose();
            await _serving;
            _over.Dispose();
        }

        async Task ServeAsync(string name)
        {
            List<Task> echoes = [];
            try
            {
                while (true)
                    echoes.Add(EchoAsync(await _listener.AcceptAsync(_over.Token), name));
            }
            catch (Exception failure)
                when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                await Task.WhenAll(echoes);
            }
        }

        async Task EchoAsync(Socket client, string name)
        {
            using var closing = client;
            try
            {
                await client.SendAsync(Encoding.ASCII.GetBytes(name), _over.Token);
                var buffer = new byte[4096];
                while (await client.ReceiveAsync(buffer, _over.Token) is > 0 and var bytes)
                    await client.SendAsync(buffer.AsMemory(0, bytes), _over.Token);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException)
            {
                // The test is over, or the client is.
            }
        }
    }

    static async Task<Socket> ConnectAsync(StandInLab lab)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, lab.State.PortOf("primary")!.Value, Stop);
        }
        catch (SocketException)
        {
            // Reset before we saw that it was open: reading says so.
        }
        return socket;
    }

    static async Task<string> ReadAsync(Socket socket)
    {
        var buffer = new byte[16];
        try
        {
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Stop));
        }
        catch (SocketException)
        {
            return "reset";
        }
    }

    static async Task<string> GreetingAsync(StandInLab lab)
    {
        using var socket = await ConnectAsync(lab);
        return await ReadAsync(socket);
    }

    static async Task UntilGreetedByAsync(StandInLab lab, string host) =>
        (await Wait.ForAsync(async () => await GreetingAsync(lab) == host, Soon, Stop)).ShouldBeTrue(
            $"{host} does not answer");

    // One that was born in another would connect from there, now and then.
    [Fact]
    public async Task All_of_its_threads_are_in_the_bridges_network()
    {
        await using var lab = await StandInLab.StartAsync();
        await using var first = new Greeter(lab, "n1", 5000);
        await UntilGreetedByAsync(lab, "n1");
        var relay = $"/proc/{lab.State.Relay!.Pid}";
        Directory.GetDirectories($"{relay}/task").Select(NetworkOf).Distinct().ShouldBe([NetworkOf(relay)]);
    }

    static string? NetworkOf(string process) => new FileInfo($"{process}/ns/net").LinkTarget;

    [Fact]
    public async Task Connections_go_to_the_first_living_host_in_the_files_order()
    {
        await using var lab = await StandInLab.StartAsync();
        (await GreetingAsync(lab)).ShouldBeOneOf("", "reset");
        await using var third = new Greeter(lab, "n3", 5000);
        await UntilGreetedByAsync(lab, "n3");
        await using (var first = new Greeter(lab, "n1", 5000))
            await UntilGreetedByAsync(lab, "n1");
        await UntilGreetedByAsync(lab, "n3");
    }

    [Fact]
    public async Task Bytes_pass_both_ways_and_ends_are_passed_on()
    {
        await using var lab = await StandInLab.StartAsync();
        await using var first = new Greeter(lab, "n1", 5000);
        await UntilGreetedByAsync(lab, "n1");
        using var socket = await ConnectAsync(lab);
        (await ReadAsync(socket)).ShouldBe("n1");
        await socket.SendAsync("hello"u8.ToArray(), Stop);
        (await ReadAsync(socket)).ShouldBe("hello");
        socket.Shutdown(SocketShutdown.Send);
        (await ReadAsync(socket)).ShouldBe("");
    }

    [Theory, InlineData("kill-host"), InlineData("cut")]
    public async Task Connections_of_a_silent_host_are_reset(string fault)
    {
        await using var lab = await StandInLab.StartAsync();
        await using var first = new Greeter(lab, "n1", 5000);
        await using var second = new Greeter(lab, "n2", 5000);
        await UntilGreetedByAsync(lab, "n1");
        using var socket = await ConnectAsync(lab);
        (await ReadAsync(socket)).ShouldBe("n1");
        var host = lab.State.Host("n1");
        if (fault is "cut")
            await HostFaults.CutAsync(lab.State, host, new CutFrom(Cut.All, [], []), Stop);
        else
            await HostFaults.KillAsync(lab.State, host, Stop);
        // Nobody but the relay would: the host itself says nothing any more.
        (await ReadAsync(socket).WaitAsync(Soon, Stop)).ShouldBe("reset");
        await UntilGreetedByAsync(lab, "n2");
        if (fault is not "cut")
            return;
        await HostFaults.HealAsync(lab.State, lab.State.Host("n1"), Stop);
        await UntilGreetedByAsync(lab, "n1");
    }
}
