using FsCheck;
using FsCheck.Fluent;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class FirstAnswerTests
{
    [Theory, InlineData("57P01"), InlineData("57P02"), InlineData("57P03")]
    public void A_server_that_comes_or_goes_says_not_now(string code) =>
        FirstAnswer.Read(ErrorResponse.Fatal(code, "the database system is starting up"))
            .ShouldBe(new FirstAnswer.NotNow(code, "the database system is starting up"));

    [Theory, InlineData("53300"), InlineData("3D000"), InlineData("28P01"), InlineData("")]
    public void Any_other_error_is_the_clients(string code) =>
        FirstAnswer.Read(ErrorResponse.Fatal(code, "no")).ShouldBeOfType<FirstAnswer.PassOn>();

    [Fact]
    public void What_is_no_error_is_passed_on_at_its_first_byte() =>
        FirstAnswer.Read("R"u8).ShouldBeOfType<FirstAnswer.PassOn>();

    [Fact]
    public void Every_shorter_piece_of_an_error_needs_more()
    {
        var whole = ErrorResponse.Fatal("57P03", "no");
        for (var length = 0; length < whole.Length; length++)
            FirstAnswer.Read(whole.AsSpan(0, length)).ShouldBeOfType<FirstAnswer.NeedMore>();
    }

    [Fact]
    public void The_bare_text_of_a_postmaster_that_cannot_fork_is_passed_on() =>
        FirstAnswer.Read("Ecould not fork new process for connection"u8).ShouldBeOfType<FirstAnswer.PassOn>();

    [Fact]
    public void No_bytes_crash_it() =>
        Prop.ForAll<byte[]>(
            bytes => FirstAnswer.Read([(byte)'E', 0, 0, 0, (byte)(bytes.Length + 4), .. bytes]) is not null)
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_message_with_a_zero_byte_stays_one_field() =>
        ErrorResponse.Field(ErrorResponse.Fatal("57P03", "a\0Cb").AsSpan(5), 'C').ShouldBe("57P03");
}
