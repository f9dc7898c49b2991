using Holdfast.Cluster.Configuration;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Configuration;

public sealed class SecretsTests
{
    static ResolvedSecrets Resolve(string users)
    {
        var text = ClusterFileReaderTests.Good.Replace(
            "users: { postgres: { password: secret }, app: { password: { env: APP } } }",
            $"users: {users}",
            StringComparison.Ordinal);
        var file = ClusterFileReader.Read("holdfast.yml", text).File.ShouldNotBeNull();
        return Secrets.Resolve(
            "holdfast.yml",
            file,
            path => path is "/etc/secret" ? "from file\n" : null,
            name => name is "APP" ? "from env" : null);
    }

    [Fact]
    public void A_secret_is_text_or_comes_from_a_file_or_from_the_environment()
    {
        var secrets = Resolve(
            "{ postgres: { password: { file: /etc/secret } }, app: { password: { env: APP } }, " +
            "b: { password: 12 }, c: }");

        secrets.Problems.ShouldBeEmpty();
        secrets.Passwords.Select(pair => $"{pair.Key}={pair.Value ?? "-"}")
            .ShouldBe(["app=from env", "b=12", "c=-", "postgres=from file"]);
    }

    [Fact]
    public void A_secret_that_is_not_there_is_named() =>
        Resolve("{ postgres: { password: { file: /none } }, app: { password: { env: NONE } } }").Problems
            .Select(problem => problem.ToString()).ShouldBe(
            [
                "holdfast.yml: no password for 'postgres.users.app': variable 'NONE' of the environment is not set",
                "holdfast.yml: no password for 'postgres.users.postgres': file '/none' can't be read, or is empty",
            ]);

    [Fact]
    public void A_secret_never_shows_itself() =>
        new SecretSettings("hush", null, null).ToString().ShouldNotContain("hush");

    static ResolvedVariables ResolveApps(string host)
    {
        const string Apps = """

            apps:
              a: { on: [n1], command: [a], env: { X: '', Y: { env: APP }, Z: { file: /etc/secret } } }
              b: { on: [n2], command: [b], env: { X: { env: NONE }, Y: { file: /none }, Z: { env: EMPTY } } }
              c: { on: [n1], command: [c] }
            """;
        var file = ClusterFileReader.Read("holdfast.yml", ClusterFileReaderTests.Good + Apps).File.ShouldNotBeNull();
        return Secrets.ResolveApps(
            "holdfast.yml",
            file,
            new(host),
            path => path is "/etc/secret" ? "from file\n" : null,
            name => name is "APP" ? "from env" : name is "EMPTY" ? "" : null);
    }

    [Fact]
    public void The_variables_of_a_host_s_apps_are_read()
    {
        var variables = ResolveApps("n1");

        variables.Problems.ShouldBeEmpty();
        variables.Apps.Keys.ShouldBe(["a"]);
        variables.Apps["a"].Select(pair => $"{pair.Key}={pair.Value}").ShouldBe(["X=", "Y=from env", "Z=from file"]);
        variables.ToString().ShouldBe("variables of 1 apps");
    }

    [Fact]
    public void A_variable_that_is_not_there_is_named_on_the_host_that_needs_it() =>
        ResolveApps("n2").Problems.Select(problem => problem.ToString()).ShouldBe(
        [
            "holdfast.yml: no value for 'apps.b.env.X': variable 'NONE' of the environment is not set",
            "holdfast.yml: no value for 'apps.b.env.Y': file '/none' can't be read",
        ]);
}
