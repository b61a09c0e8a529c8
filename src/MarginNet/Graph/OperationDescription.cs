using System.Collections;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using MarginNet.Checkpoints;

namespace MarginNet.Graph;

/// <summary>Operations as plain values: the name of the type, and the parameters of its constructor by name.</summary>
internal static class OperationDescription
{
    private static readonly FrozenDictionary<string, Type> Known = typeof(Operation).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(Operation)) && !type.IsAbstract && !type.IsNested)
        .ToFrozenDictionary(type => type.Name);

    /// <summary>The name and the attributes of an operation.</summary>
    public static (string Name, Dictionary<string, object?> Attributes) ToPlain(Operation operation) =>
        (operation.GetType().Name, Members(operation));

    /// <summary>The operation of a name and attributes, which may be out of their ranges.</summary>
    /// <exception cref="InvalidDataException">There is no such operation, or an attribute is missing or of another kind.</exception>
    public static Operation FromPlain(string name, PlainDictionary attributes) => Known.TryGetValue(name, out var type)
        ? (Operation)Make(type, attributes)
        : throw new InvalidDataException($"Its operation {FileText.Quote(name)} is not known: update MarginNet.");

    private static object? ToPlain(object? value) => value switch
    {
        null or bool or long or double or string => value,
        int number => (long)number,
        float number => (double)number,
        Enum name => name.ToString(),
        IEnumerable list => list.Cast<object?>().Select(ToPlain).ToList(),
        _ => Members(value),
    };

    private static Dictionary<string, object?> Members(object value) => Constructor(value.GetType()).GetParameters()
        .ToDictionary(parameter => parameter.Name!, parameter => ToPlain(Property(value.GetType(), parameter).GetValue(value)));

    private static object Make(Type type, PlainDictionary values)
    {
        var constructor = Constructor(type);
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => FromPlain(
            parameter.ParameterType, values.Values.GetValueOrDefault(parameter.Name!), values, parameter.Name!))]);
    }

    private static object? FromPlain(Type type, object? value, PlainDictionary values, string name)
    {
        var isOptional = Nullable.GetUnderlyingType(type) is not null || type == typeof(string);
        type = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null when isOptional => null,
            bool or string when value.GetType() == type => value,
            long when type == typeof(long) => value,
            long and >= int.MinValue and <= int.MaxValue and var number when type == typeof(int) => (int)number,
            double or long when type == typeof(double) => Convert.ToDouble(value, null),
            double or long when type == typeof(float) => Convert.ToSingle(value, null),
            string text when type.IsEnum && Enum.IsDefined(type, text) => Enum.Parse(type, text),
            List<object?> list when ElementOf(type) is { } element => MakeList(type, element, list, values, name),
            Dictionary<string, object?> inner when type.Assembly == typeof(Operation).Assembly => Make(type, new(inner, name)),
            _ => throw values.Unexpected(name, $"a {type.Name}"),
        };
    }

    private static Type? ElementOf(Type type) => type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>) ? type.GetGenericArguments()[0] : null;

    private static object MakeList(Type type, Type element, List<object?> list, PlainDictionary values, string name)
    {
        var items = Array.CreateInstance(element, list.Count);
        for (var i = 0; i < list.Count; i++)
        {
            items.SetValue(FromPlain(element, list[i], values, name), i);
        }

        return type.IsArray ? items : ToImmutable.MakeGenericMethod(element).Invoke(null, [items])!;
    }

    private static readonly MethodInfo ToImmutable = typeof(System.Runtime.InteropServices.ImmutableCollectionsMarshal)
        .GetMethod(nameof(System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray))!;

    private static ConstructorInfo Constructor(Type type) => type.GetConstructors().Single();

    private static PropertyInfo Property(Type type, ParameterInfo parameter) =>
        type.GetProperty(parameter.Name!, BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase)!;
}
