namespace NormKit.Tests;

/// <content>As theories take them.</content>
internal static partial class Members
{
    public static TheoryData<string> Names(Func<Member, bool>? which = null) => [.. Every.Where(which ?? (_ => true)).Select(m => m.Name)];
}
