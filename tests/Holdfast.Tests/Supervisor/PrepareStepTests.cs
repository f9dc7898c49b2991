using Holdfast.Store;
using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class PrepareStepTests
{
    static readonly string Command = PrepareStep.NameOf(["bingo", "prepare_db", "a \"b\""]);

    static KeyValue Key(string value, long revision = 7) => new("key", value, 1, revision, 0);

    [Fact]
    public void A_command_is_named_by_its_words() =>
        PrepareStep.NameOf(["bingo", "prepare_db"]).ShouldBe("""["bingo","prepare_db"]""");

    [Fact]
    public void What_was_prepared_by_this_command_may_start() =>
        PrepareStep.Decide(Command, Key(Command), held: null).ShouldBeOfType<PrepareStep.Done>();

    [Fact]
    public void What_was_prepared_may_start_although_somebody_holds_the_lock() =>
        PrepareStep.Decide(Command, Key(Command), Key("n2")).ShouldBeOfType<PrepareStep.Done>();

    [Fact]
    public void Who_finds_the_lock_held_waits() =>
        PrepareStep.Decide(Command, done: null, Key("n2")).ShouldBe(new PrepareStep.Wait("n2 prepares it"));

    [Fact]
    public void What_nobody_has_prepared_is_prepared() =>
        PrepareStep.Decide(Command, done: null, held: null)
            .ShouldBe(new PrepareStep.Run(0, "nobody has prepared it"));

    [Fact]
    public void A_changed_command_is_another_preparation() =>
        PrepareStep.Decide(Command, Key("""["bingo","prepare_db"]"""), held: null)
            .ShouldBe(new PrepareStep.Run(7, "another command has prepared it"));
}
