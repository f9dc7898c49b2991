using System.Text.Json.Serialization;
using Holdfast.Lab.Doubt;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(LabState))]
[JsonSerializable(typeof(PublishedPort[]))]
[JsonSerializable(typeof(LabStatus))]
[JsonSerializable(typeof(SupervisorAnswer))]
[JsonSerializable(typeof(ClusterAnswer))]
[JsonSerializable(typeof(EtcdMembersAnswer))]
[JsonSerializable(typeof(UpReport))]
[JsonSerializable(typeof(TrafficReport))]
[JsonSerializable(typeof(SortedDictionary<string, LoadReport>))]
sealed partial class LabJson : JsonSerializerContext;

/// <summary>One value on one line: what crosses a pipe between two lab processes, and the ledger.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Attempt))]
[JsonSerializable(typeof(OutageRecord))]
[JsonSerializable(typeof(ProxyRecord))]
[JsonSerializable(typeof(DoubtRecord))]
sealed partial class LabLineJson : JsonSerializerContext;
