namespace Holdfast.PgProxy.Loops;

/// <summary>How many files the process may have open (getrlimit(2); Linux).</summary>
internal static unsafe class OpenFiles
{
    const int NoFile = 7, AtLeast = 1024;

    /// <summary>For servers, logins on their way, the store, logs: a tenth, and this at least.</summary>
    const int OthersMin = 200;

    /// <summary>Raises the limit in force to the one that is allowed.</summary>
    /// <returns>It.</returns>
    public static int Raise()
    {
        var limits = stackalloc ulong[2];
        if (Libc.GetLimit(NoFile, limits) != 0)
            return AtLeast;
        if (limits[0] < limits[1])
        {
            var former = limits[0];
            limits[0] = limits[1];
            if (Libc.SetLimit(NoFile, limits) != 0)
                limits[0] = former;
        }
        return (int)Math.Min(limits[0], int.MaxValue);
    }

    /// <summary>Clients that so many files are enough for.</summary>
    public static int ClientsOf(int files, int filesOfClient) =>
        Math.Max(1, (files - Math.Max(OthersMin, files / 10)) / filesOfClient);
}
