using System.Text.Json.Serialization;
using Bingo.Data;

namespace Bingo.Http;

/// <summary>Null where the member is missing.</summary>
sealed record OperationRequest(int? Operation);

sealed record OperationAnswer(int Operation, uint Result);

sealed record DbDummyAnswer(int Answer);

/// <param name="MadeAt">UTC, the end of the computation.</param>
/// <param name="TookMs">Milliseconds.</param>
/// <param name="Result">Of the computation.</param>
sealed record LongDummyAnswer(DateTime MadeAt, int TookMs, uint Result);

/// <summary>Nulls where members are missing.</summary>
sealed record SessionRequest(int? CustomerId, int? MovieId, DateTime? StartTime);

/// <summary>Nulls where members are missing. Times are milliseconds.</summary>
sealed record FaultRequest(string? Kind, int? AfterMs, int? ForMs);

sealed record FaultAnswer(string Kind, int AfterMs, int ForMs);

/// <summary>RFC 9457, with the request's id as its one extension.</summary>
sealed record ProblemAnswer(string Type, string Title, int Status, string Detail, string RequestId);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(OperationRequest))]
[JsonSerializable(typeof(OperationAnswer))]
[JsonSerializable(typeof(DbDummyAnswer))]
[JsonSerializable(typeof(LongDummyAnswer))]
[JsonSerializable(typeof(SessionRequest))]
[JsonSerializable(typeof(FaultRequest))]
[JsonSerializable(typeof(FaultAnswer))]
[JsonSerializable(typeof(ProblemAnswer))]
[JsonSerializable(typeof(Movie))]
[JsonSerializable(typeof(Customer))]
[JsonSerializable(typeof(Session))]
sealed partial class BingoJson : JsonSerializerContext;
