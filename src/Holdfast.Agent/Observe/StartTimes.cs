using System.Globalization;

namespace Holdfast.Agent.Observe;

/// <summary>How long the last start as primary took on this host, in ms: a file, since the next start is often the next
/// agent's.</summary>
internal static class StartTimes
{
    /// <summary>Null when there is none, or it can't be read.</summary>
    public static TimeSpan? Read(string stateDirectory)
    {
        var path = PathIn(stateDirectory);
        if (!File.Exists(path))
            return null;
        try
        {
            var text = File.ReadAllText(path);
            return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
                ? TimeSpan.FromMilliseconds(ms)
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>After any crash either the old or the new text stands.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public static void Write(string stateDirectory, TimeSpan took)
    {
        var path = PathIn(stateDirectory);
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(
                ((long)took.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)));
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, "start_ms");
}
