using System.CommandLine;
using Holdfast.Lab.Checks;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Commands;

static class CheckCommand
{
    public static Command Create() => new("check", "Long checks of a whole lab: a line for each demand, an exit code")
    {
        Verb("store-outage", "etcd away for long, with and without failsafe mode, and back from an old copy", 5,
            static (lab, period, stop) =>
            {
                var check = new StoreOutage(lab, LabFile.Of(Labs.Get(lab)));
                return
                [
                    () => check.AllMembersUpAsync(period, stop),
                    () => check.MemberDownAsync(stop),
                    () => check.WithoutFailsafeAsync(stop),
                    () => check.OldCopyAsync(stop),
                ];
            }),
        Verb("quiet", "Full load on all cores: no false alarm", 20, static (lab, period, stop) =>
        {
            var state = Labs.Get(lab);
            return [() => new QuietUnderLoad(state, LabFile.Of(state)).RunAsync(period, stop)];
        }),
        DoubtCommand.Commits(),
        DoubtCommand.Storm(),
    };

    /// <returns>The exit code.</returns>
    public static int Tell(IReadOnlyList<Verdict> verdicts)
    {
        foreach (var verdict in verdicts)
            Console.WriteLine(verdict);
        return End(verdicts.All(verdict => verdict.Met));
    }

    static int End(bool met)
    {
        Console.WriteLine(met ? "all met" : "not met");
        return met ? 0 : 1;
    }

    delegate Func<Task<IReadOnlyList<Verdict>>>[] Check(string lab, TimeSpan period, CancellationToken stop);

    static Command Verb(string verb, string meaning, double minutes, Check check)
    {
        var period = new Option<double>("--minutes")
        {
            Description = "How long the outage or the load lasts",
            DefaultValueFactory = _ => minutes,
        };
        var name = Options.Name();
        var command = new Command(verb, meaning) { period, name };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var met = true;
            var lab = Labs.Get(parsed.GetValue(name)).Lab;
            foreach (var part in check(lab, TimeSpan.FromMinutes(parsed.GetValue(period)), interrupts.Graceful))
            {
                foreach (var verdict in await part())
                {
                    Console.WriteLine(verdict);
                    met &= verdict.Met;
                }
            }
            return End(met);
        });
        return command;
    }
}
