using Holdfast.Agent.Observe;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Observe;

public sealed class DiskJudgeTests
{
    static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);

    [Theory]
    [InlineData("dd: error writing '/d.probe': No space left on device", DiskTrouble.Full)]
    [InlineData("dd: error writing '/d.probe': Disk quota exceeded", DiskTrouble.Full)]
    [InlineData("dd: failed to open '/d.probe': Read-only file system", DiskTrouble.ReadOnly)]
    [InlineData("dd: fsync failed for '/d.probe': Input/output error", DiskTrouble.Error)]
    [InlineData("dd: failed to open '/d.probe': Structure needs cleaning", DiskTrouble.Error)]
    public void Trouble_has_the_words_of_the_system(string complaint, DiskTrouble trouble)
    {
        var (found, why) = DiskJudge.Read([complaint]).ShouldNotBeNull();
        found.ShouldBe(trouble);
        why.ShouldBe(complaint);
    }

    [Fact]
    public void A_folder_that_is_not_there_or_not_ours_is_no_trouble_of_the_disk()
    {
        DiskJudge.Read([]).ShouldBe((DiskTrouble.None, ""));
        DiskJudge.Read(["dd: failed to open '/d.probe': Permission denied"]).ShouldBeNull();
        DiskJudge.Read(["dd: failed to open '/d.probe': No such file or directory"]).ShouldBeNull();
    }

    [Fact]
    public void One_bad_answer_alone_is_no_trouble()
    {
        var judge = new DiskJudge();
        judge.Take(DiskTrouble.None, "", At(1)).ShouldBeFalse();
        judge.Take(DiskTrouble.Full, "once", At(2)).ShouldBeFalse();
        judge.View(At(3)).IsWell.ShouldBeTrue();
        judge.Take(DiskTrouble.None, "", At(4));
        judge.Take(DiskTrouble.Full, "again", At(5)).ShouldBeFalse();
        judge.Take(DiskTrouble.Full, "and again", At(6)).ShouldBeTrue();
        judge.View(At(9)).ShouldBe(new DiskView(DiskTrouble.Full, "and again", At(5)));
    }

    [Fact]
    public void One_good_answer_alone_is_no_recovery()
    {
        var judge = new DiskJudge();
        judge.Take(DiskTrouble.Hung, "it hangs", At(1)).ShouldBeTrue("it has been waited for already");
        judge.Take(DiskTrouble.None, "", At(2)).ShouldBeFalse();
        judge.View(At(2)).Trouble.ShouldBe(DiskTrouble.Hung);
        judge.Take(DiskTrouble.None, "", At(3)).ShouldBeTrue();
        judge.View(At(3)).ShouldBe(DiskView.Well);
    }
}
