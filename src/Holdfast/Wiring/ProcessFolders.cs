namespace Holdfast.Wiring;

/// <summary>Where a process keeps its files. Absolute.</summary>
/// <param name="Data">What outlives a restart of the machine.</param>
/// <param name="Run">Sockets, and what lives as long as the machine runs.</param>
sealed record ProcessFolders(string Data, string Run);
