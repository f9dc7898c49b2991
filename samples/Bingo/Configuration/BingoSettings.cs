namespace Bingo.Configuration;

/// <summary>What the operator wrote.</summary>
sealed record BingoSettings
{
    public required ListenSettings Listen { get; init; }
    public required PostgresSettings Postgres { get; init; }

    /// <summary>Path of the log file; it is appended to.</summary>
    public required string Log { get; init; }

    /// <summary>What x-server-instance says; null: SELF_HOST_NAME, else the name of the host.</summary>
    public string? Instance { get; init; }

    /// <summary>Whether POST /fault exists.</summary>
    public bool Faults { get; init; }

    public required PrepareSettings Prepare { get; init; }

    public string InstanceName => Instance
        ?? (Environment.GetEnvironmentVariable("SELF_HOST_NAME") is { Length: > 0 } name
            ? name
            : Environment.MachineName);
}

/// <param name="Host">An IP address, <c>localhost</c>, or <c>*</c> for every address of the host.</param>
/// <param name="Port">0: a free one, which the log names.</param>
sealed record ListenSettings(string Host, int Port);

/// <summary>One side of PostgreSQL.</summary>
sealed record ServerAddress(string Host, int Port)
{
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

sealed record PostgresSettings
{
    /// <summary>Where one writes.</summary>
    public required ServerAddress Primary { get; init; }

    /// <summary>Where one reads first; null: there is none.</summary>
    public ServerAddress? Replica { get; init; }

    public required string Database { get; init; }
    public required string User { get; init; }
    public string? Password { get; init; }

    /// <summary>Connections to each of the two, at most.</summary>
    public required int Pool { get; init; }
}

/// <summary>How much prepare_db makes at scale 1.</summary>
sealed record PrepareSettings(int Movies, int Customers, int Sessions);
