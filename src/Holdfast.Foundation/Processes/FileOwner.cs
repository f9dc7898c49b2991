namespace Holdfast.Foundation.Processes;

/// <summary>Who owns a file (statx(2), chown(2)).</summary>
public static class FileOwner
{
    /// <summary>Gives <paramref name="to"/> the owner and group of <paramref name="from"/>; false where that is not
    /// permitted.</summary>
    public static bool TryCopy(string from, string to) =>
        FileIdentity.OwnerOf(from) is { } owner && Native.ChangeOwner(to, owner.User, owner.Group) == 0;
}
