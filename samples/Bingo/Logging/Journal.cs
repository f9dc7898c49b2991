namespace Bingo.Logging;

/// <summary>What happens to the service as a whole: into the log file, and as a sentence to standard error.</summary>
sealed class Journal(JsonLog log, TextWriter errors)
{
    readonly TextWriter _errors = TextWriter.Synchronized(errors);

    public void Info(string happening, string message) => Say("info", happening, message);

    public void Warn(string happening, string message) => Say("warning", happening, message);

    /// <summary>A failure that only the log may show, under the id that the client was given.</summary>
    public void Failed(string requestId, Exception failure) =>
        log.Write(new LogLine("error", "request_failed", failure.ToString()) { RequestId = requestId });

    /// <summary>A request that the database did not let be answered.</summary>
    public void Refused(string requestId, string message) =>
        log.Write(new LogLine("warning", "request_refused", message) { RequestId = requestId });

    public void Answered(string requestId, RequestFacts request) => log.Write(
        new LogLine(request.Status < 500 ? "info" : "warning", "request")
        {
            RequestId = requestId,
            Request = request,
        });

    /// <summary>Something that was got over, worth a line and no alarm.</summary>
    public void Note(string happening, string message) => log.Write(new LogLine("info", happening, message));

    void Say(string level, string happening, string message)
    {
        log.Write(new LogLine(level, happening, message));
        _errors.WriteLine($"bingo: {message}");
    }
}
