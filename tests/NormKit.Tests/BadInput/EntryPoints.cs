using System.Reflection;

namespace NormKit.Tests.BadInput;

/// <summary>What a program can call with arguments, by a name that says with which.</summary>
internal static class EntryPoints
{
    /// <summary>Every public constructor, method and property that takes a value, and its parameters; operators, Equals and what a compiler makes of records aside.</summary>
    public static Dictionary<string, string[]> Of(Assembly assembly)
    {
        Dictionary<string, string[]> all = [];
        foreach (Type type in assembly.GetExportedTypes().Where(t => !t.IsEnum))
        {
            foreach (MethodBase method in type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).OfType<MethodBase>())
            {
                if (method.GetParameters().Length > 0 && !method.Name.StartsWith("op_", StringComparison.Ordinal) && method.Name is not ("Equals" or "Deconstruct"))
                    all[Name(method)] = [.. method.GetParameters().Select(p => p.Name!)];
            }
        }
        return all;
    }

    public static string Name(MethodBase method)
    {
        string type = method.DeclaringType!.Name.Split('`')[0], name = method.IsConstructor ? "new" : method.Name;
        string takesSpan = method.GetParameters().Any(p => p.Name is "normalizedShape" && p.ParameterType != typeof(int)) && method.IsConstructor ? "span " : "";
        return $"{type}.{name}{(method.IsGenericMethod ? "<T>" : "")}({takesSpan}{string.Join(", ", method.GetParameters().Select(p => p.Name))})";
    }
}
