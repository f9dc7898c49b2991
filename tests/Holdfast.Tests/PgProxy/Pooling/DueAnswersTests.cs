using FsCheck;
using FsCheck.Fluent;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class DueAnswersTests
{
    [Fact]
    public void They_are_taken_in_their_order() => Prop.ForAll<bool[]>(steps =>
    {
        var due = new DueAnswers();
        var model = new Queue<Due>();
        for (var step = 0; step < steps.Length; step++)
        {
            if (steps[step] || model.Count == 0)
            {
                var added = new Due((DueKind)(step % 8), DueTo.Client);
                due.Add(added);
                model.Enqueue(added);
                due.Last.ShouldBe(added);
            }
            else
            {
                due.First.ShouldBe(model.Peek());
                due.Take().ShouldBe(model.Dequeue());
            }
            due.Count.ShouldBe(model.Count);
        }
        for (var index = 0; index < due.Count; index++)
            due[index].ShouldBe(model.ElementAt(index));
    }).QuickCheckThrowOnFailure();
}
