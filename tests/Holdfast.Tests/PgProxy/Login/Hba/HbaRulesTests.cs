using System.Collections.Immutable;
using System.Net;
using Holdfast.PgProxy.Login.Hba;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Login.Hba;

public sealed class HbaRulesTests
{
    static readonly ImmutableArray<(IPAddress Address, int Bits)> s_own =
        [(IPAddress.Parse("10.1.2.3"), 16), (IPAddress.Parse("fd00::1"), 64)];

    static HbaVerdict Decide(
        string file, string from = "10.9.8.7", string user = "app", string database = "films", bool isEncrypted = true)
    {
        var (rules, problems) = HbaFile.Read("hba", file, s_own);
        problems.ShouldBeEmpty();
        return rules!.Decide(new HbaRequest(IPAddress.Parse(from), user, database, isEncrypted));
    }

    static IReadOnlyList<string> Problems(string file) => HbaFile.Read("hba", file, s_own).Problems;

    [Theory]
    [InlineData("host all all all trust", HbaMethod.Trust)]
    [InlineData("host films app 10.9.8.7/32 md5", HbaMethod.Md5)]
    [InlineData("host films app 10.0.0.0/8 scram-sha-256", HbaMethod.ScramSha256)]
    [InlineData("host films app 10.0.0.0 255.0.0.0 scram-sha-256", HbaMethod.ScramSha256)]
    [InlineData("host films app 10.9.8.6/31 trust", HbaMethod.Trust)]
    [InlineData("host films app 10.9.8.8/31 trust", HbaMethod.Reject)]
    [InlineData("host films app 11.0.0.0/8 trust", HbaMethod.Reject)]
    [InlineData("host films app 0.0.0.0/0 password", HbaMethod.Password)]
    [InlineData("host films app ::/0 trust", HbaMethod.Reject)]
    [InlineData("hostssl films app all password", HbaMethod.Password)]
    [InlineData("hostnossl films app all trust", HbaMethod.Reject)]
    [InlineData("hostnogssenc films app all trust", HbaMethod.Trust)]
    [InlineData("hostgssenc films app all trust", HbaMethod.Reject)]
    [InlineData("local films app trust", HbaMethod.Reject)]
    [InlineData("host other,films other,app all trust", HbaMethod.Trust)]
    [InlineData("host other,films other, app all trust", HbaMethod.Trust)]
    [InlineData("host \"films\" \"app\" all trust", HbaMethod.Trust)]
    [InlineData("host \"all\" all all trust", HbaMethod.Reject)]
    [InlineData("host all \"all\" all trust", HbaMethod.Reject)]
    [InlineData("host sameuser all all trust", HbaMethod.Reject)]
    [InlineData("host replication app all trust", HbaMethod.Reject)]
    [InlineData("host films App all trust", HbaMethod.Reject)]
    [InlineData("# host all all all trust", HbaMethod.Reject)]
    [InlineData("host films app all trust # host", HbaMethod.Trust)]
    [InlineData("host films app samenet trust", HbaMethod.Reject)]
    [InlineData("host films app all reject\nhost films app all trust", HbaMethod.Reject)]
    [InlineData("host films other all reject\nhost films app all trust", HbaMethod.Trust)]
    [InlineData("host films \\\n app all \\\n trust", HbaMethod.Trust)]
    [InlineData("\thost\tfilms\tapp\tall\ttrust\r\n", HbaMethod.Trust)]
    [InlineData("", HbaMethod.Reject)]
    public void The_first_line_that_matches_decides(string file, HbaMethod method) =>
        Decide(file).Method.ShouldBe(method);

    [Theory]
    [InlineData("samehost", "10.1.2.3", true)]
    [InlineData("samehost", "10.1.2.4", false)]
    [InlineData("samenet", "10.1.9.9", true)]
    [InlineData("samenet", "10.2.0.1", false)]
    [InlineData("samenet", "fd00::2", true)]
    [InlineData("samehost", "fd00::2", false)]
    [InlineData("10.1.2.3/32", "::ffff:10.1.2.3", true)]
    [InlineData("fd00::/8", "fdff::1", true)]
    public void Addresses_are_compared_by_their_first_bits(string address, string from, bool matches) =>
        Decide($"host all all {address} trust", from).Method.ShouldBe(matches ? HbaMethod.Trust : HbaMethod.Reject);

    [Fact]
    public void Nobody_is_refused_in_other_words_than_PostgreSQLs()
    {
        Decide("", isEncrypted: false).Why.ShouldBe(
            "no pg_hba.conf entry for host \"10.9.8.7\", user \"app\", database \"films\", no encryption");
        Decide("", "::ffff:1.2.3.4").Why.ShouldBe(
            "no pg_hba.conf entry for host \"1.2.3.4\", user \"app\", database \"films\", SSL encryption");
        Decide("host all all all reject").Why.ShouldBe("pg_hba.conf rejects connection for host \"10.9.8.7\", "
            + "user \"app\", database \"films\", SSL encryption");
    }

    [Fact]
    public void Same_user_means_the_database_of_its_name() =>
        Decide("host sameuser all all trust", user: "films").Method.ShouldBe(HbaMethod.Trust);

    [Theory]
    [InlineData("host", HbaMethod.Reject)]
    [InlineData("hostnossl", HbaMethod.Password)]
    public void A_password_in_clear_is_asked_for_without_encryption_only_where_it_is_written_out(
        string connection, HbaMethod method) =>
        Decide($"{connection} all all all password", isEncrypted: false).Method.ShouldBe(method);

    [Theory]
    [InlineData("cert", HbaMethod.Cert, HbaCertificate.VerifyFull)]
    [InlineData("cert clientname=CN", HbaMethod.Cert, HbaCertificate.VerifyFull)]
    [InlineData("md5 clientcert=verify-ca", HbaMethod.Md5, HbaCertificate.VerifyCa)]
    [InlineData("trust clientcert=verify-full", HbaMethod.Trust, HbaCertificate.VerifyFull)]
    [InlineData("scram-sha-256", HbaMethod.ScramSha256, HbaCertificate.NotAsked)]
    public void A_certificate_may_be_asked_for_beside_the_method(
        string words, HbaMethod method, HbaCertificate certificate)
    {
        var verdict = Decide($"hostssl all all all {words}");
        (verdict.Method, verdict.Certificate).ShouldBe((method, certificate));
    }

    [Theory]
    [InlineData("hots all all all trust", "hba:1: unknown connection type 'hots'; expected one of local, host, "
        + "hostssl, hostnossl, hostgssenc, hostnogssenc; did you mean 'host'?")]
    [InlineData("host all all all scram", "hba:1: unknown method 'scram'; expected one of trust, reject, password, "
        + "md5, scram-sha-256, cert")]
    [InlineData("host all all all trsut", "hba:1: unknown method 'trsut'; expected one of trust, reject, password, "
        + "md5, scram-sha-256, cert; did you mean 'trust'?")]
    [InlineData("host all all all ldap", "hba:1: the method 'ldap' is not one of the proxy's; expected one of trust, "
        + "reject, password, md5, scram-sha-256, cert")]
    [InlineData("host all all trust", "hba:1: 4 fields; expected host DATABASE USER ADDRESS METHOD")]
    [InlineData("host all +staff all trust",
        "hba:1: user '+staff': the proxy does not know who is a member of which role; write the names")]
    [InlineData("host samerole all all trust",
        "hba:1: database 'samerole': the proxy does not know who is a member of which role; write the names")]
    [InlineData("host @list all all trust",
        "hba:1: database '@list': lists in other files are not read; write the names")]
    [InlineData("host all /^app all trust",
        "hba:1: user '/^app': regular expressions are not supported; write the names")]
    [InlineData("include other.conf", "hba:1: 'include' is not followed: write the rules into this file")]
    [InlineData("host all \"app all trust", "hba:1: a quotation mark is not closed")]
    [InlineData("host all all 10.0.0.0/33 trust", "hba:1: '/33' behind 10.0.0.0: expected a number between 0 and 32")]
    [InlineData("host all all 10.0.0.0 trust",
        "hba:1: 10.0.0.0 needs its network's length, such as 10.0.0.0/32, or a mask behind it")]
    [InlineData("host all all 10.0.0.0 255.0.255.0 trust",
        "hba:1: '255.0.255.0' is no network's mask: its ones must come first")]
    [InlineData("host all all samehots trust", "hba:1: 'samehots' is no address; expected one such as 10.0.0.0/8, or "
        + "all, samehost, samenet: names are not looked up; did you mean 'samehost'?")]
    [InlineData("host all all all cert",
        "hba:1: a client's certificate can be asked for on hostssl lines alone, not on host")]
    [InlineData("hostssl all all all cert map=people",
        "hba:1: 'map' is not supported: the name in the certificate must be the user's")]
    [InlineData("hostssl all all all trust clientcret=verify-ca",
        "hba:1: unknown option 'clientcret=verify-ca'; expected clientcert; did you mean 'clientcert'?")]
    public void A_line_that_means_nothing_is_refused_with_what_was_expected(string line, string problem) =>
        Problems(line).ShouldBe([problem]);

    [Fact]
    public void All_problems_are_told_at_once_and_no_rule_is_left()
    {
        var (rules, problems) = HbaFile.Read(
            "hba", "host all all all trust\nhots all all all trust\n\nhost all +a all trsut", []);
        rules.ShouldBeNull();
        problems.Select(problem => problem.Split(' ')[0]).ShouldBe(["hba:2:", "hba:4:", "hba:4:"]);
    }

    [Fact]
    public void Lines_without_a_meaning_here_are_noted() =>
        HbaFile.Read("hba", "local all all peer\nhost all all all trust", []).Rules!.Notes.ShouldBe(
            ["hba:1: 'local' is about connections that the proxy never has: ignored"]);
}
