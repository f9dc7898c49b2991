namespace Holdfast.PgProxy.Frontend;

/// <summary>What a client is told in place of a session.</summary>
internal sealed record Refusal(CloseReason Reason, string SqlState, string Message);
