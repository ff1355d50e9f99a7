using System.Reflection;
using TorchSharp.Modules;

namespace NormKit.TorchSharp.Models;

/// <summary>The modules of a model and where each of them is held.</summary>
internal static class ModuleTree
{
    private const BindingFlags Instance = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>Every module below another, with its parent; one that has several places comes once for each.</summary>
    public static IEnumerable<ModulePlace> Below(torch.nn.Module root) => Below(root, "", []);

    /// <summary>Puts another module into a place.</summary>
    /// <returns>Why that cannot be done, and then nothing has changed; null where it is done.</returns>
    public static string? Replace(ModulePlace place, torch.nn.Module replacement)
    {
        torch.nn.Module parent = place.Parent;
        List<(FieldInfo Field, object Owner)> fields = [];
        for (Type? type = parent.GetType(); type is not null && type != typeof(torch.nn.Module); type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(Instance).Where(field => !field.FieldType.IsValueType && ReferenceEquals(field.GetValue(parent), place.Module)))
            {
                if (!field.FieldType.IsInstanceOfType(replacement))
                    return $"the field {Name(field)} of {parent.GetType().Name} is declared as {field.FieldType.Name}; declare it as Module<Tensor, Tensor>";
                fields.Add((field, parent));
            }
        }
        (System.Collections.IList List, int At)? slot = null;
        if (parent is Sequential)
        {
            // The one list that its forward pass goes through; there is no public way to change it.
            if (typeof(Sequential).GetField("_modules", Instance)?.GetValue(parent) is not System.Collections.IList modules || Find(modules, place.Module) is not int at)
                return "this version of TorchSharp keeps the modules of a Sequential in another way than 0.107 does";
            slot = (modules, at);
        }
        else if (ListOf(parent) is System.Collections.IList list)
        {
            if (Find(list, place.Module) is not int at)
                return $"the list of {parent.GetType().Name} does not hold it";
            if (!list.GetType().GetGenericArguments()[0].IsInstanceOfType(replacement))
                return $"{parent.GetType().Name} holds {list.GetType().GetGenericArguments()[0].Name} only";
            slot = (list, at);
        }
        if (fields.Count == 0 && slot is null)
            return $"no field of {parent.GetType().Name} holds it, so its forward may reach it in a way that cannot be seen";

        foreach ((FieldInfo field, object owner) in fields)
            field.SetValue(owner, replacement);
        if (slot is (System.Collections.IList holder, int index))
            holder[index] = replacement;
        if (parent is not Sequential)
            Register(parent, place.Name, replacement);
        return null;
    }

    private static IEnumerable<ModulePlace> Below(torch.nn.Module parent, string prefix, HashSet<torch.nn.Module> open)
    {
        if (!open.Add(parent))
            yield break;
        foreach ((string name, torch.nn.Module module) in parent.named_children().ToList())
        {
            string path = prefix + name;
            yield return new(path, parent, name, module);
            foreach (ModulePlace place in Below(module, path + ".", open))
                yield return place;
        }
        open.Remove(parent);
    }

    /// <summary>All children anew, so that they keep their order, and with it the order of the state dictionary.</summary>
    private static void Register(torch.nn.Module parent, string replaced, torch.nn.Module replacement)
    {
        List<(string Name, torch.nn.Module Module)> children = [.. parent.named_children()];
        foreach ((string name, _) in children)
            parent.register_module(name, null!);
        foreach ((string name, torch.nn.Module module) in children)
            parent.register_module(name, name == replaced ? replacement : module);
    }

    /// <summary>The list behind a ModuleList of any type.</summary>
    private static System.Collections.IList? ListOf(torch.nn.Module module)
    {
        for (Type? type = module.GetType(); type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ModuleList<>))
                return type.GetField("_list", Instance)?.GetValue(module) as System.Collections.IList;
        }
        return null;
    }

    private static int? Find(System.Collections.IList list, object item)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (ReferenceEquals(list[i], item))
                return i;
        }
        return null;
    }

    private static string Name(FieldInfo field) => field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
}

/// <summary>A place of a module in a model.</summary>
/// <param name="Path">Its name in the model, as in state dictionaries.</param>
/// <param name="Parent">The module that holds it.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Module">The module.</param>
internal sealed record ModulePlace(string Path, torch.nn.Module Parent, string Name, torch.nn.Module Module);
