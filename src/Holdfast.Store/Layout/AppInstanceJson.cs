using Holdfast.Cluster.Model;

namespace Holdfast.Store.Layout;

/// <summary>The value of <c>apps/APP/HOST</c>.</summary>
public static class AppInstanceJson
{
    public static string Write(AppInstance instance) => TightJson.Write(json =>
    {
        if (instance.Address is { } address)
            json.WriteString("address", address);
        json.WriteString("state", instance.State.ToString().ToLowerInvariant());
        json.WriteNumber("weight", instance.Weight);
    });

    /// <summary>Null when the key or the value is none of ours: of a newer version, or damaged.</summary>
    /// <param name="key">The whole key.</param>
    /// <param name="prefix">What it begins with: <see cref="HoldfastKeys.Instances"/>.</param>
    /// <param name="json">Its value.</param>
    public static AppInstance? Read(string key, string prefix, string json)
    {
        if (!key.StartsWith(prefix, StringComparison.Ordinal)
            || key[prefix.Length..].Split('/') is not [var app, var host]
            || LooseJson.Object(json) is not { } value
            || !Enum.TryParse<AppState>(value.Text("state"), ignoreCase: true, out var state))
            return null;
        var weight = value.Number("weight") is { } given and >= 1 and <= 100 ? (int)given : 1;
        return new AppInstance(app, new NodeName(host), value.Text("address"), state, weight);
    }
}
